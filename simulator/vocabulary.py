"""Names, places and products: weighted tables, one block per country.

Given and family names are the lists (with their frequencies where they have any) of the faker package;
lists without frequencies get a Zipf skew, so that some names are common and many are rare.
"""

# ruff: noqa: E501  (tables read better in wide rows)
from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.draws import zipf_weights


@dataclass(frozen=True, slots=True)
class Country:
    """One market of the brand."""

    code: str
    name: str
    faker_locale: str
    weight: float
    dial_code: str
    zip_style: str  # us, gb, digits5, nl
    mail_domains: tuple[tuple[str, float], ...]
    cities: tuple[tuple[str, str, str, str, float], ...]  # city, province code, province, postcode prefix, weight
    streets: tuple[str, ...]
    house_number_first: bool


_COMMON_MAIL = (
    ("gmail.com", 55.0),
    ("outlook.com", 9.0),
    ("hotmail.com", 9.0),
    ("yahoo.com", 10.0),
    ("icloud.com", 9.0),
)

COUNTRIES: tuple[Country, ...] = (
    Country(
        "US", "United States", "en_US", 0.46, "+1", "us", (*_COMMON_MAIL, ("aol.com", 3.0), ("comcast.net", 3.0)),
        (
            ("New York", "NY", "New York", "100", 8.0), ("Brooklyn", "NY", "New York", "112", 6.0),
            ("Los Angeles", "CA", "California", "900", 7.0), ("San Diego", "CA", "California", "921", 3.0),
            ("Chicago", "IL", "Illinois", "606", 5.0), ("Houston", "TX", "Texas", "770", 4.0),
            ("Austin", "TX", "Texas", "787", 3.0), ("Phoenix", "AZ", "Arizona", "850", 3.0),
            ("Philadelphia", "PA", "Pennsylvania", "191", 3.0), ("Columbus", "OH", "Ohio", "432", 2.0),
            ("Charlotte", "NC", "North Carolina", "282", 2.0), ("Seattle", "WA", "Washington", "981", 3.0),
            ("Denver", "CO", "Colorado", "802", 2.0), ("Boston", "MA", "Massachusetts", "021", 3.0),
            ("Nashville", "TN", "Tennessee", "372", 2.0), ("Portland", "OR", "Oregon", "972", 2.0),
            ("Atlanta", "GA", "Georgia", "303", 3.0), ("Miami", "FL", "Florida", "331", 3.0),
            ("Minneapolis", "MN", "Minnesota", "554", 2.0), ("Madison", "WI", "Wisconsin", "537", 1.0),
        ),
        ("Main Street", "Oak Street", "Maple Avenue", "Cedar Lane", "Park Avenue", "Elm Street", "Washington Street",
         "Lake Drive", "Hill Road", "Pine Street", "Sunset Boulevard", "River Road", "Church Street", "Highland Avenue",
         "Spring Street", "2nd Avenue", "3rd Street", "Lincoln Avenue", "Jefferson Street", "Ridge Road",
         "Meadow Lane", "Willow Court", "Dogwood Drive", "Chestnut Street", "Walnut Street", "Franklin Street"), True),
    Country(
        "GB", "United Kingdom", "en_GB", 0.22, "+44", "gb",
        (*_COMMON_MAIL, ("btinternet.com", 4.0), ("yahoo.co.uk", 6.0), ("hotmail.co.uk", 6.0)),
        (
            ("London", "ENG", "England", "SW", 5.0), ("London", "ENG", "England", "N", 5.0),
            ("Manchester", "ENG", "England", "M", 3.0), ("Birmingham", "ENG", "England", "B", 3.0),
            ("Leeds", "ENG", "England", "LS", 2.0), ("Bristol", "ENG", "England", "BS", 2.0),
            ("Liverpool", "ENG", "England", "L", 2.0), ("Sheffield", "ENG", "England", "S", 2.0),
            ("Edinburgh", "SCT", "Scotland", "EH", 2.0), ("Glasgow", "SCT", "Scotland", "G", 2.0),
            ("Cardiff", "WLS", "Wales", "CF", 1.0), ("Brighton", "ENG", "England", "BN", 1.0),
        ),
        ("High Street", "Station Road", "Church Lane", "Victoria Road", "Green Lane", "Manor Road", "Park Road",
         "Queens Road", "Kings Road", "Mill Lane", "The Crescent", "Albert Road", "School Lane", "Grange Road",
         "Windsor Road", "Springfield Road", "North Street", "Alexandra Road"), True),
    Country(
        "DE", "Germany", "de_DE", 0.13, "+49", "digits5",
        (("gmail.com", 30.0), ("gmx.de", 18.0), ("web.de", 16.0), ("t-online.de", 9.0), ("outlook.de", 5.0), ("icloud.com", 5.0)),
        (
            ("Berlin", "BE", "Berlin", "10", 5.0), ("Hamburg", "HH", "Hamburg", "20", 3.0), ("München", "BY", "Bayern", "80", 3.0),
            ("Köln", "NW", "Nordrhein-Westfalen", "50", 2.0), ("Frankfurt am Main", "HE", "Hessen", "60", 2.0),
            ("Stuttgart", "BW", "Baden-Württemberg", "70", 1.5), ("Leipzig", "SN", "Sachsen", "04", 1.0),
            ("Nürnberg", "BY", "Bayern", "90", 1.0),
        ),
        ("Hauptstraße", "Schulstraße", "Gartenstraße", "Bahnhofstraße", "Dorfstraße", "Bergstraße", "Birkenweg",
         "Lindenstraße", "Kirchstraße", "Waldstraße", "Ringstraße", "Schillerstraße", "Goethestraße", "Jahnstraße"), False),
    Country(
        "FR", "France", "fr_FR", 0.08, "+33", "digits5",
        (("gmail.com", 40.0), ("orange.fr", 14.0), ("free.fr", 9.0), ("hotmail.fr", 9.0), ("wanadoo.fr", 5.0), ("icloud.com", 5.0)),
        (
            ("Paris", "75", "Paris", "750", 5.0), ("Lyon", "69", "Rhône", "690", 2.0), ("Marseille", "13", "Bouches-du-Rhône", "130", 2.0),
            ("Toulouse", "31", "Haute-Garonne", "310", 1.5), ("Bordeaux", "33", "Gironde", "330", 1.0), ("Lille", "59", "Nord", "590", 1.0),
        ),
        ("Rue de la République", "Rue Victor Hugo", "Avenue Jean Jaurès", "Rue Pasteur", "Rue des Écoles", "Place de la Mairie",
         "Rue du Moulin", "Rue de l'Église", "Boulevard Gambetta", "Rue des Lilas", "Chemin des Vignes"), True),
    Country(
        "NL", "Netherlands", "nl_NL", 0.06, "+31", "nl",
        (("gmail.com", 45.0), ("hotmail.com", 16.0), ("ziggo.nl", 8.0), ("kpnmail.nl", 5.0), ("outlook.com", 8.0)),
        (
            ("Amsterdam", "NH", "Noord-Holland", "10", 4.0), ("Rotterdam", "ZH", "Zuid-Holland", "30", 3.0),
            ("Utrecht", "UT", "Utrecht", "35", 2.0), ("Eindhoven", "NB", "Noord-Brabant", "56", 1.0), ("Groningen", "GR", "Groningen", "97", 1.0),
        ),
        ("Kerkstraat", "Schoolstraat", "Molenstraat", "Dorpsstraat", "Molenweg", "Julianastraat", "Parallelweg",
         "Nieuwstraat", "Wilhelminastraat", "Beatrixstraat", "Prinsengracht"), False),
    Country(
        "IT", "Italy", "it_IT", 0.05, "+39", "digits5",
        (("gmail.com", 45.0), ("libero.it", 16.0), ("hotmail.it", 9.0), ("virgilio.it", 6.0), ("alice.it", 6.0)),
        (
            ("Roma", "RM", "Roma", "001", 3.0), ("Milano", "MI", "Milano", "201", 3.0), ("Torino", "TO", "Torino", "101", 1.5),
            ("Napoli", "NA", "Napoli", "801", 1.5), ("Bologna", "BO", "Bologna", "401", 1.0), ("Firenze", "FI", "Firenze", "501", 1.0),
        ),
        ("Via Roma", "Via Garibaldi", "Via Mazzini", "Corso Italia", "Via Dante", "Via Cavour", "Via Verdi",
         "Viale Europa", "Via Marconi", "Via della Libertà"), False),
)  # fmt: skip

# English nicknames: what a person calls herself elsewhere.
NICKNAMES: dict[str, str] = {
    "William": "Bill", "Robert": "Bob", "Richard": "Rick", "James": "Jim", "John": "Jack", "Michael": "Mike",
    "Elizabeth": "Liz", "Katherine": "Kate", "Catherine": "Cathy", "Margaret": "Maggie", "Jennifer": "Jen",
    "Christopher": "Chris", "Christina": "Tina", "Matthew": "Matt", "Anthony": "Tony", "Joseph": "Joe",
    "Thomas": "Tom", "Charles": "Charlie", "Daniel": "Dan", "Steven": "Steve", "Stephen": "Steve",
    "Andrew": "Andy", "Joshua": "Josh", "Kenneth": "Ken", "Timothy": "Tim", "Jessica": "Jess",
    "Jeffrey": "Jeff", "Edward": "Ted", "Samuel": "Sam", "Samantha": "Sam", "Benjamin": "Ben",
    "Gregory": "Greg", "Alexander": "Alex", "Alexandra": "Alex", "Patrick": "Pat", "Patricia": "Pat",
    "Rebecca": "Becky", "Deborah": "Debbie", "Susan": "Sue", "Pamela": "Pam", "Cynthia": "Cindy",
    "Kimberly": "Kim", "Amanda": "Mandy", "Victoria": "Vicky", "Abigail": "Abby", "Nicholas": "Nick",
    "Jonathan": "Jon", "Zachary": "Zach", "Nathaniel": "Nate", "Theodore": "Theo", "Ronald": "Ron",
    "Donald": "Don", "Lawrence": "Larry", "Gerald": "Jerry", "Raymond": "Ray", "Barbara": "Barb",
    "Theresa": "Terry", "Melissa": "Mel", "Madison": "Maddie", "Isabella": "Bella", "Natalie": "Nat",
    "Gabriella": "Gabby", "Jacqueline": "Jackie", "Sandra": "Sandy", "Judith": "Judy", "Valerie": "Val",
    "Peter": "Pete", "Philip": "Phil", "Frederick": "Fred", "Leonard": "Leo", "Dominic": "Dom", "Oliver": "Ollie",
    "Maximilian": "Max", "Johannes": "Hans", "Alessandro": "Sandro", "Giuseppe": "Beppe", "Francesca": "Franca",
}  # fmt: skip


@dataclass(frozen=True)
class NameTables:
    """All given and family names in two flat tables; block `[start, start + len(weights))` per country and gender."""

    given: list[str]
    family: list[str]
    given_blocks: dict[tuple[int, int], tuple[int, NDArray[np.float64]]]  # (country, gender 0 f / 1 m)
    family_blocks: dict[int, tuple[int, NDArray[np.float64]]]
    nickname: NDArray[np.int64]  # given position → position of the nickname, or itself


def _weighted(source: object) -> tuple[list[str], NDArray[np.float64]]:
    if isinstance(source, dict):
        return list(source), np.array(list(source.values()), dtype=np.float64)
    names = list(dict.fromkeys(source))  # type: ignore[call-overload]
    return names, zipf_weights(len(names))


@cache
def name_tables() -> NameTables:
    """Load the name tables (once per process)."""
    given: list[str] = []
    family: list[str] = []
    given_blocks: dict[tuple[int, int], tuple[int, NDArray[np.float64]]] = {}
    family_blocks: dict[int, tuple[int, NDArray[np.float64]]] = {}
    for position, country in enumerate(COUNTRIES):
        provider = importlib.import_module(f"faker.providers.person.{country.faker_locale}").Provider
        for gender, attribute in enumerate(("first_names_female", "first_names_male")):
            names, weights = _weighted(getattr(provider, attribute))
            given_blocks[position, gender] = (len(given), weights)
            given += names
        names, weights = _weighted(provider.last_names)
        family_blocks[position] = (len(family), weights)
        family += names
    first = len(given)
    short = list(dict.fromkeys(NICKNAMES.values()))
    given += short
    place = {name: first + i for i, name in enumerate(short)}
    nickname = np.arange(len(given), dtype=np.int64)
    for i, name in enumerate(given[:first]):
        if name in NICKNAMES:
            nickname[i] = place[NICKNAMES[name]]
    return NameTables(given, family, given_blocks, family_blocks, nickname)


@dataclass(frozen=True, slots=True)
class Product:
    """One article of the brand."""

    sku: str
    title: str
    category: str
    price_cents: int
    weight: float


PRODUCTS: tuple[Product, ...] = tuple(
    Product(f"JL-{kind[:2].upper()}-{n:03d}", f"{style} {noun}", kind, price, weight)
    for n, (style, noun, kind, price, weight) in enumerate(
        (
            ("Linen", "Apron", "kitchen", 3400, 5.0), ("Walnut", "Chopping Board", "kitchen", 5900, 4.0),
            ("Stoneware", "Mug", "kitchen", 1800, 9.0), ("Stoneware", "Bowl Set", "kitchen", 6400, 4.0),
            ("Copper", "Kettle", "kitchen", 8900, 2.0), ("Beeswax", "Wraps", "kitchen", 1650, 5.0),
            ("Cedar", "Candle", "home", 2800, 9.0), ("Amber", "Candle", "home", 2800, 8.0),
            ("Wool", "Throw", "home", 11900, 3.0), ("Cotton", "Cushion Cover", "home", 3200, 5.0),
            ("Rattan", "Basket", "home", 4500, 3.0), ("Brass", "Lantern", "home", 7200, 2.0),
            ("Ceramic", "Vase, small", "home", 3900, 4.0), ("Ceramic", "Vase, tall", "home", 6900, 2.0),
            ("Olive", "Soap Bar", "bath", 950, 10.0), ("Lavender", "Bath Salts", "bath", 2100, 6.0),
            ("Waffle", "Towel", "bath", 3800, 5.0), ("Cotton", "Robe", "bath", 9800, 2.0),
            ("Rosehip", "Face Oil", "bath", 3600, 6.0), ("Bamboo", "Brush", "bath", 1400, 5.0),
            ("Canvas", "Tote", "carry", 2600, 8.0), ("Leather", "Wallet", "carry", 6800, 3.0),
            ("Weekender", "Bag", "carry", 18900, 1.5), ("Felt", "Laptop Sleeve", "carry", 4900, 3.0),
            ("Enamel", "Pin \"Hello\"", "carry", 900, 6.0), ("Gift", "Card", "gift", 5000, 3.0),
            ("Tea", "Sampler", "gift", 2400, 6.0), ("Notebook", "Duo", "gift", 2200, 5.0),
            ("Seed", "Kit", "gift", 1900, 4.0), ("Puzzle, 500", "pieces", "gift", 2900, 4.0),
        ),
        start=1,
    )
)  # fmt: skip
