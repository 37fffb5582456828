"""Attribute types of columns nobody has described, from their names (in many spellings) and their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# First match wins; names are lower case with words parted by `_`. Whose column it is (pat_, cust_, billing_) does not
# matter, nor does what follows a known word (postcode_fake, zip5).
OWNER = r"(?:^|.*_)"
NAMED: tuple[tuple[str, str], ...] = (
    (
        OWNER + r"(?:e_?mail|mail)(?:_?(?:address|addr|adresse?|id))?_?\d?$|^correo(?:_electronico)?$|^courriel$",
        "email",
    ),
    (
        OWNER + r"(?:phone|mobile|cell|cellphone|tel|telephone|telefon|telefono|handy|mobil|movil|portable|msisdn|fax"
        r"|landline)(?:_?(?:number|no|nr|num|nummer|home|work|mobile))?_?\d?$",
        "phone",
    ),
    (
        OWNER + r"(?:dob|d_o_b|birth_?da(?:te|y)|bday|b_?date|date_?of_?birth|birth_?dt|geb(?:urts)?_?(?:datum|dat|tag)"
        r"|born|date_(?:de_)?naissance|naissance|fecha_(?:de_)?nac(?:imiento)?|nacimiento|data_(?:di_)?nascita)$",
        "birth_date",
    ),
    (OWNER + r"(?:birth_?year|yob|year_?of_?birth|birth_?yr|geburtsjahr|annee_naissance)$", "birth_year"),
    (OWNER + r"(?:birth_?mon(?:th)?|birth_?mo|month_?of_?birth|geburtsmonat)$", "birth_month"),
    (OWNER + r"(?:day_?of_?birth|birth_?dd|geburtstag)$", "birth_day"),
    (
        OWNER + r"(?:birth_?(?:place|city|town|country)|place_?of_?birth|geburtsort|lieu_(?:de_)?naissance"
        r"|lugar_(?:de_)?nacimiento)$",
        "city",
    ),
    (r"^(?:first|given|fore)_?(?:names?)?_?(?:and|und|et|y|n)_?(?:last|sur|family)_?names?$", "full_name"),
    (
        OWNER + r"(?:first|given|fore|christian|f)_?(?:name|nm)s?_?\d?$|" + OWNER + r"(?:vornamen?|prenoms?|nombres?"
        r"|nome|given|voornaam|fornavn|etunimi|imie)$",
        "given_name",
    ),
    (OWNER + r"(?:middle|second|mid)_?(?:name|nm|initial)s?$|" + OWNER + r"(?:mi|minit|mname)$", "middle_name"),
    (
        OWNER + r"(?:last|family|sur|l)_?(?:name|nm)s?_?\d?$|" + OWNER + r"(?:nachname|familienname|zuname|nom"
        r"|nom_de_famille|apellidos?|cognome|achternaam|efternavn|sukunimi|nazwisko)$",
        "family_name",
    ),
    (
        r"^(?:full|whole|complete|display|legal|customer|person|contact|account|client|patient|member|user|party)?_?"
        r"(?:name|nm)$|^(?:contact_person|nom_complet|nombre_completo|vollname|name_full|ansprechpartner)$",
        "full_name",
    ),
    (
        OWNER + r"(?:zip|zip_?code|zip_?\d|postcode|post_?code|postal_?code|postal|plz|code_?postal|codigo_?postal|cap"
        r"|postleitzahl|pincode)(?:_.*)?$",
        "postcode",
    ),
    (OWNER + r"(?:house|street|str|st|building|haus)_?(?:no|nr|num|number|nummer)$|^hnr$", "house_number"),
    (
        OWNER + r"(?:address|street|addr|adresse?|strasse|str|direccion|calle|rue|via|indirizzo|road|street_?name"
        r"|address_?line)_?(?:line)?_?1?(?:_?address)?$",
        "address",
    ),
    (OWNER + r"(?:addr(?:ess)?|address_?line|line)_?[23]$", "string"),
    (
        OWNER + r"(?:city|town|suburb|locality|ort|wohnort|stadt|ville|ciudad|citta|municipality|village|commune"
        r"|poblacion)(?:_?(?:nm|name))?$",
        "city",
    ),
    (
        OWNER + r"(?:ssn|soc_?sec(?:_?id|_?no)?|social_?security.*|tax_?id|vat_?(?:id|no|number)|passport.*"
        r"|national_?id|nhs_?(?:no|number)?|licen[cs]e.*|loyalty.*|card_?(?:no|number|id)|member(?:ship)?_?(?:no|number"
        r"|id|nr)|customer_?(?:no|number|nr)|kundennr|kundennummer|iban|account_?(?:no|number))$",
        "id",
    ),
    (OWNER + r"(?:country|country_?code|land|pays|pais|nation(?:ality)?)$", "exact"),
    (OWNER + r"(?:state|province|region|county|bundesland|st)(?:_?(?:code|name|cd))?$", "exact"),
    (
        OWNER
        + r"(?:sex|gender|geschlecht|anrede|sexe|sexo|salutation|race|ethnicity|marital_?status)(?:_?(?:code|cd))?$",
        "exact",
    ),
    (OWNER + r"(?:company|organi[sz]ation|employer|firma|firm|entreprise|empresa)(?:_?name)?$", "string"),
    (OWNER + r"(?:occupation|job(?:_?title)?|profession|beruf)$", "string"),
)
IDS = re.compile(
    r"^(?:.*_)?(?:record|rec|row|unique|source_record|contact|customer|person|user)?_?(?:id|key|uuid|guid|nr|no)$|^(?:rid|recid|rowid|id\d?|index|unnamed.*)$"
)
SKIP = re.compile(
    r"^(?:cluster|truth|true_.*|label|golden.*|ent(?:ity)?_?id|entity|cluster_?id|person_id|is_.*|has_.*|created.*|updated.*"
    r"|modified.*|inserted.*|last_(?:seen|login|modified|update).*|.*_at|.*_ts|timestamp|ts|load_.*|etl_.*|status|active|segment"
    r"|newsletter|consent.*|opt_?in.*|comment.*|note.*|remark.*|description|bemerkung.*|memo|free_?text|message)$"
)
SOURCES = re.compile(
    r"^(?:.*_)?(?:source|src|system|platform|file|origin|dataset|data_?set|feed|provider|quelle)(?:_?(?:system|platform|dataset|name|type|id|code|cd|file))?$"
)
GENDERS = frozenset(
    ("m", "f", "male", "female", "man", "woman", "herr", "frau", "mr", "mrs", "ms", "miss", "mann", "weiblich")
) | frozenset(("maennlich", "d", "x", "w", "h", "u", "divers", "other", "unknown"))
YES_NO = frozenset(("y", "n", "yes", "no", "true", "false", "t", "f", "0", "1", "j", "ja", "nein", "on", "off"))


def plain_name(name: str) -> str:
    """`PostalCode`, `Postal Code` → `postal_code`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return (
        re.sub(r"[^a-z0-9äöüéèñß]+", "_", parted)
        .strip("_")
        .translate(str.maketrans("äöüéèñ", "aoueen"))
        .replace("ß", "ss")
    )


def suggest_type(name: str, text: pl.Series, distinct: int) -> str:
    """The attribute type of a column, by its name, else by what its values look like; '' when it is no attribute of a
    person. Besides the attribute types of the configuration: record_id, source, and parts of others (birth_year,
    birth_month, birth_day, middle_name, house_number).

    text: the values that are not blank. distinct: how many different ones there are.
    """
    plain = plain_name(name)
    named = next((kind for pattern, kind in NAMED if re.search(pattern, plain)), "")
    if IDS.match(plain) and not named:
        return "record_id" if len(text) and distinct == len(text) else ""
    if SOURCES.match(plain) and 1 < distinct <= max(50, len(text) // 100):
        return "source"
    if distinct <= 1 and (len(text) > 20 or not named):
        return ""  # the same of everybody, or nothing at all
    if named == "birth_date" and _share(text.head(1000), r"^\d{1,2}$") > 0.9:
        return "birth_day"
    by_values = type_of_values(text, distinct)
    if named:
        return named if fits(named, text) else by_values
    return "" if SKIP.match(plain) else by_values


def fits(kind: str, text: pl.Series) -> bool:
    """Whether values can be of the type that a column's name promises (`mail` may be a newsletter flag)."""
    sample = text.head(1000)
    if kind == "email":
        return _share(sample, r"@|^[0-9a-fA-F]{32,}$") > 0.3
    if kind == "phone":
        return _share(sample, r"\d{3}") > 0.3
    if kind == "birth_date":
        return _share(sample, r"\d{2}") > 0.5
    if kind in ("birth_year", "birth_month", "birth_day"):
        return _share(sample, r"\d") > 0.5
    if kind in ("given_name", "family_name", "full_name", "city"):
        return _share(sample, r"\p{L}") > 0.5
    if kind == "house_number":
        return _share(sample, r"\d") > 0.5
    return True


def type_of_values(text: pl.Series, distinct: int) -> str:
    """What values alone say."""
    sample = text.head(2000)
    if _share(sample, r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$") > 0.8:
        return "email"
    if _share(sample, r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}") > 0.8:
        return ""  # a moment in time is about an event
    if _share(sample, r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})$") > 0.8:
        return "birth_date" if _looks_like_birth(sample) else ""
    if _share(sample, r"^-?\d+[.,]\d+$") > 0.8:
        return "number"
    short = frozenset(sample.str.to_lowercase().unique().head(20).to_list())
    if distinct <= 12:
        return "exact" if short <= GENDERS and not short <= YES_NO else ""
    phone = r"^\+?[\d\s()./-]{7,20}$"
    if _share(sample, phone) > 0.8 and _share(sample.str.replace_all(r"\D", ""), r"^\d{9,15}$") > 0.8:
        return "phone" if _share(sample, r"^\+|[\s()./-]|^0") > 0.3 else "id"
    if _share(sample, r"^[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}$|^[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d$") > 0.7:
        return "postcode"
    if _share(sample, r"^\d+$") > 0.9:
        return _type_of_integers(text, distinct)
    words = sample.str.count_matches(r"\S+").mean()
    many = isinstance(words, float) and words > 5
    if many and distinct > 0.5 * len(text):
        return "address" if _share(sample, r"\d") > 0.6 else ""  # free text
    return _names_or_text(sample, distinct)


def _type_of_integers(text: pl.Series, distinct: int) -> str:
    """Integers: numbers of rows say nothing, those of one length that repeat little are ids."""
    import polars as pl

    number = text.cast(pl.Int64, strict=False).drop_nulls()
    if len(number) and distinct == len(text):
        low, high = number.min(), number.max()
        if isinstance(low, int) and isinstance(high, int) and high - low < 1.05 * len(number):
            return ""  # rows, numbered
    length = text.head(2000).str.len_chars()
    one_length = length.n_unique() == 1
    if one_length and length[0] == 4:
        year = text.head(2000).cast(pl.Int32, strict=False)
        if float(year.is_between(1850, 2030).mean() or 0) > 0.95:  # type: ignore[arg-type]
            return "birth_date" if distinct > 20 else ""
    if distinct < 0.02 * len(text):
        return "exact"
    return "id"


def _names_or_text(sample: pl.Series, distinct: int) -> str:
    """Words: full or given names when enough of them are known given names, else any text."""
    from resolution.standardise.names import nickname_roots

    known = [*nickname_roots()]
    word = sample.str.to_lowercase().str.extract_all(r"[a-z]+")
    count = word.list.len()
    first, last = word.list.first().is_in(known), word.list.last().is_in(known)
    several = float((count > 1).mean() or 0)  # type: ignore[arg-type]
    if several > 0.7 and float((first | last).fill_null(False).mean() or 0) > 0.4:  # type: ignore[arg-type]
        return "full_name"
    if several < 0.3 and float(first.fill_null(False).mean() or 0) > 0.5:  # type: ignore[arg-type]
        return "given_name"
    return "exact" if distinct <= 30 else "string"


def _looks_like_birth(sample: pl.Series) -> bool:
    """Dates that reach back a lifetime, and spread over decades."""
    import polars as pl

    year = sample.str.extract(r"(\d{4})").cast(pl.Int32, strict=False).drop_nulls()
    if not len(year):
        return False
    low, middle, high = (year.quantile(q) for q in (0.05, 0.5, 0.95))
    return low is not None and middle is not None and high is not None and high - low >= 25 and middle < 2012


def _share(sample: pl.Series, pattern: str) -> float:
    share = sample.str.contains(pattern).mean()
    return float(share) if isinstance(share, int | float) else 0.0
