"""Made-up sets of people in many dialects, with known truth: other column names, other errors, other gaps.

Each maker returns a `Dialect`: the records, their id and truth columns, and what a careful reader would tell another
tool about the columns. No column name or error rate here is known to the matcher.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.dialect_errors import (
    Rng,
    Texts,
    finish,
    firms,
    gaps,
    initial,
    lost_word,
    messy,
    nickname,
    notes,
    owners,
    some,
    swap_day,
    written_phone,
)
from benchmarks.identity_data import persons, typos


@dataclass(frozen=True)
class Dialect:
    """records: one row per record, with the columns `record_id` and `truth` (dropped before linking).

    told: column → attribute type, used for peers only. sources: whether `source` parts the records into files of which
    each holds a person once.
    """

    records: pd.DataFrame
    record_id: str
    truth: str
    told: dict[str, str]
    source: str | None = None


def historic(count: int, seed: int = 11) -> Dialect:
    """People of encyclopaedias: 1600–1900, redundant name columns, titles, year-only dates, up to 21 records each."""
    rng = np.random.default_rng(seed)
    people = persons(max(count // 8, 10), rng)
    owner = owners(len(people), rng, 9.0, 21)
    people["title"] = np.where(rng.random(len(people)) < 0.25, [f"{k} baron of" for k in _ordinals(people, rng)], "")
    people["seat"] = rng.permutation(people["city"].to_numpy())
    year = rng.integers(1600, 1900, len(people))
    monthday = people["birth_date"].str.slice(4)
    unknown = rng.random(len(people)) < 0.2
    people["dob"] = [f"{y}{'-01-01' if u else md}" for y, md, u in zip(year, monthday, unknown, strict=True)]
    frame = people.iloc[owner].reset_index(drop=True)
    first = some(frame.given_name.str.lower().to_numpy(), 0.12, rng, lambda t, r: nickname(t, r).lower())
    first = messy(first, 0.12, rng)
    last = messy(frame.surname.str.lower().to_numpy(), 0.18, rng)
    seat = frame.seat.str.lower().to_numpy()
    full = np.array(
        [
            f"{a} {b}" if not t else f"{a} {b}, {t} {s}"
            for a, b, t, s in zip(first, last, frame.title, seat, strict=True)
        ],
        dtype=object,
    )
    full = some(full, 0.3, rng, lost_word)
    # What parses a name takes the last word for the family name: with a title, that is the seat.
    parsed_last = np.array([f.split()[-1] for f in full], dtype=object)
    parsed_first = np.array([f.split()[0] for f in full], dtype=object)
    place = np.array([f"{p[:3].strip()}{i % 40} {d}{u}" for p, i, d, u in _british(frame, owner, rng)], dtype=object)
    dob = some(frame.dob.to_numpy(), 0.05, rng, lambda t, r: t[:5] + "01-01")
    dob = some(typos(dob, 0.06, rng), 0.01, rng, lambda t, r: t[:4])
    made = pd.DataFrame(
        {
            "full_name": gaps(full, 0.03, rng),
            "dob": gaps(dob, 0.12, rng),
            "birth_place": gaps(messy(frame.birth_place.str.lower().to_numpy(), 0.08, rng), 0.15, rng),
            "postcode_fake": gaps(typos(place, 0.04, rng), 0.13, rng),
            "gender": gaps(np.where(frame.sex == "f", "female", "male"), 0.1, rng),
            "occupation": gaps(frame.occupation.str.split(",").str[0].str.lower().to_numpy(), 0.2, rng),
        }
    )
    there = made["full_name"].notna().to_numpy()
    made.insert(1, "first_and_surname", np.where(there, parsed_first + " " + parsed_last, None))
    made.insert(2, "first_name", np.where(there, parsed_first, None))
    made.insert(3, "surname", np.where(there, parsed_last, None))
    told = {
        "first_name": "given_name",
        "surname": "family_name",
        "dob": "birth_date",
        "postcode_fake": "postcode",
        "birth_place": "exact",
        "occupation": "exact",
    }
    return Dialect(finish(made, owner, "unique_id", "cluster", rng), "unique_id", "cluster", told)


def _ordinals(people: pd.DataFrame, rng: Rng) -> list[str]:
    return [f"{n}{'st' if n == 1 else 'nd' if n == 2 else 'th'}" for n in rng.choice([1, 2, 4, 5, 6], len(people))]


def _british(frame: pd.DataFrame, owner: np.ndarray, rng: Rng) -> list[tuple[str, int, int, str]]:
    """A few neighbouring postcodes per person: (letters, district, sector, unit)."""
    home = frame.city.str[:2].str.upper().to_numpy()
    number = frame.postcode.astype(int).to_numpy()
    moved = rng.integers(0, 4, len(frame)) * (rng.random(len(frame)) < 0.6)
    units = [chr(97 + (o * 7 + m * 5) % 26) + chr(97 + (o * 3 + m) % 26) for o, m in zip(owner, moved, strict=True)]
    return list(zip(home, number, (owner + moved) % 9, units, strict=True))


def voters(count: int, seed: int = 12, sources: int = 5, dirt: float = 0.35) -> Dialect:
    """Lists of several parties: only names, suburb and postcode; each list names a person once."""
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 2.6), 10), rng)
    reach = rng.beta(1.2, 1.2, len(people))
    lists = [np.flatnonzero(rng.random(len(people)) < reach) for _ in range(sources)]
    owner = np.concatenate(lists)
    source = np.repeat(np.arange(sources), [len(one) for one in lists])
    frame = people.iloc[owner].reset_index(drop=True)
    made = pd.DataFrame(
        {
            "party": [f"list_{s}" for s in source],
            "givenname": messy(some(frame.given_name.to_numpy(), dirt / 6, rng, nickname), dirt, rng),
            "surname": messy(frame.surname.to_numpy(), dirt, rng),
            "suburb": messy(frame.city.to_numpy(), dirt, rng),
            "postcode": typos(frame.postcode.to_numpy(), dirt / 2, rng),
        }
    )
    away = rng.random(len(made)) < dirt / 5
    other = rng.integers(0, len(people), int(away.sum()))
    made.loc[away, "suburb"], made.loc[away, "postcode"] = (people[c].to_numpy()[other] for c in ("city", "postcode"))
    for column in ("givenname", "suburb", "postcode"):
        made[column] = gaps(made[column].to_numpy(), dirt / 8, rng)
    told = {"givenname": "given_name", "surname": "family_name", "suburb": "city", "postcode": "exact"}
    return Dialect(finish(made, owner, "recid", "entity", rng), "recid", "entity", told, "party")


def customers(count: int, seed: int = 13) -> Dialect:
    """Customer records of four systems that fill different columns: names apart or together, ids, free text."""
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 2.8), 10), rng)
    people["company"] = [
        f"{n} {k}" for n, k in zip(rng.permutation(people.surname), firms(len(people), rng), strict=True)
    ]
    people["loyalty"] = rng.permutation(90_000_000)[: len(people)] + 10_000_000
    owner = owners(len(people), rng, 2.8, 12)
    frame = people.iloc[owner].reset_index(drop=True)
    system = rng.choice(["crm", "shop", "helpdesk", "loyalty"], len(frame), p=[0.3, 0.35, 0.2, 0.15])
    is_ = {name: system == name for name in np.unique(system)}
    first = messy(some(some(frame.given_name.to_numpy(), 0.12, rng, nickname), 0.06, rng, initial), 0.08, rng)
    last = messy(frame.surname.to_numpy(), 0.1, rng)
    married = rng.random(len(frame)) < 0.04
    last[married] = rng.permutation(people.surname.to_numpy())[rng.integers(0, len(people), int(married.sum()))]
    display = np.array([f"{a} {b}" if rng.random() < 0.8 else f"{b}, {a}" for a, b in zip(first, last, strict=True)])
    mail = frame.email.to_numpy().copy()
    second = rng.random(len(frame)) < 0.2
    mail[second] = [
        f"{a}{b[:1]}@{d}".lower()
        for a, b, d in zip(
            frame.given_name[second],
            frame.surname[second],
            rng.choice(["gmx.net", "work.example"], int(second.sum())),
            strict=True,
        )
    ]
    moved = rng.random(len(frame)) < 0.12
    for column in ("address", "postcode", "city"):
        values = frame[column].to_numpy().copy()
        values[moved] = people[column].to_numpy()[rng.integers(0, len(people), int(moved.sum()))]
        frame[column] = values
    phone = np.array([written_phone(p, rng) for p in frame.phone], dtype=object)
    none = np.full(len(frame), None, dtype=object)

    def held(values: Texts, *systems: str, gap: float = 0.15) -> Texts:
        mask = np.any([is_[s] for s in systems], axis=0)
        return np.where(mask, gaps(np.asarray(values, dtype=object), gap, rng), none)

    birth = [f"{d[8:]}/{d[5:7]}/{d[:4]}" for d in typos(frame.birth_date.to_numpy(), 0.03, rng)]
    made = pd.DataFrame(
        {
            "system": system,
            "contact_person": held(display, "crm", "helpdesk", gap=0.05),
            "firstName": held(first, "shop", "loyalty", gap=0.05),
            "lastName": held(last, "shop", "loyalty", gap=0.03),
            "mail": held(typos(mail, 0.05, rng), "crm", "shop", "helpdesk", gap=0.2),
            "mobile_no": held(typos(phone, 0.04, rng), "crm", "loyalty", "helpdesk", gap=0.35),
            "street_address": held(messy(frame.address.to_numpy(), 0.1, rng), "crm", "shop", "loyalty"),
            "zip": held(typos(frame.postcode.to_numpy(), 0.03, rng), "crm", "shop", "loyalty"),
            "town": held(messy(frame.city.to_numpy(), 0.06, rng), "crm", "shop", "loyalty"),
            "country": held(np.full(len(frame), "US"), "crm", "shop", gap=0.05),
            "company": held(frame.company.to_numpy(), "crm", gap=0.5),
            "loyalty_no": held(typos(frame.loyalty.astype(str).to_numpy(), 0.02, rng), "loyalty", "shop", gap=0.4),
            "date_of_birth": held(birth, "loyalty", "shop", gap=0.4),
            "notes": held(notes(len(frame), rng), "helpdesk", "crm", gap=0.4),
            "created_at": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 10**8, len(frame)), unit="s"),
        }
    )
    told = {
        "firstName": "given_name",
        "lastName": "family_name",
        "contact_person": "string",
        "mail": "email",
        "mobile_no": "exact",
        "street_address": "string",
        "zip": "exact",
        "date_of_birth": "birth_date",
        "loyalty_no": "exact",
    }
    return Dialect(finish(made, owner, "id", "person", rng), "id", "person", told)


def german(count: int, seed: int = 14) -> Dialect:
    """A German register: umlauts in three spellings, double family names, marriages, DD.MM.YYYY or only years."""
    from faker.providers.person.de_DE import Provider as Names

    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 2.2), 10), rng)
    people["given_name"] = rng.choice(
        np.array([*Names.first_names_female, *Names.first_names_male], dtype=object), len(people)
    )
    surname = rng.choice(np.array(list(Names.last_names), dtype=object), len(people))
    people["surname"] = np.where(rng.random(len(people)) < 0.08, surname + "-" + rng.permutation(surname), surname)
    house = np.flatnonzero(rng.random(len(people)) < 0.3)
    for column in ("surname", "address", "postcode", "city"):
        people.loc[house[house > 0], column] = people[column].to_numpy()[house[house > 0] - 1]
    owner = owners(len(people), rng, 2.2, 9)
    frame = people.iloc[owner].reset_index(drop=True)
    last = some(frame.surname.to_numpy(), 0.15, rng, lambda t, r: t.split("-")[int(r.integers(len(t.split("-"))))])
    married = np.flatnonzero(rng.random(len(frame)) < 0.05)
    last[married] = rng.permutation(surname)[: len(married)]
    birth = np.array(
        [f"{d[8:]}.{d[5:7]}.{d[:4]}" for d in some(frame.birth_date.to_numpy(), 0.03, rng, swap_day)], dtype=object
    )
    street = np.array(
        [
            a.split(" ", 1)[1].replace(" Street", "straße").replace(" Road", "weg").replace(" Avenue", "allee")
            for a in frame.address
        ],
        dtype=object,
    )
    made = pd.DataFrame(
        {
            "Anrede": gaps(np.where(frame.sex == "f", "Frau", "Herr"), 0.1, rng),
            "Vorname": some(messy(some(frame.given_name.to_numpy(), 0.2, rng, _plain), 0.12, rng), 0.05, rng, initial),
            "Nachname": messy(some(last, 0.3, rng, _plain), 0.1, rng),
            "Geburtsdatum": gaps(some(typos(birth, 0.04, rng), 0.08, rng, lambda t, r: t[-4:]), 0.15, rng),
            "Strasse": gaps(
                some(
                    messy(some(street, 0.3, rng, _plain), 0.08, rng),
                    0.3,
                    rng,
                    lambda t, r: t.replace("strasse", "str.").replace("straße", "str."),
                ),
                0.12,
                rng,
            ),
            "Hausnr": gaps(frame.address.str.split(" ").str[0].to_numpy(), 0.15, rng),
            "PLZ": gaps(typos(frame.postcode.to_numpy(), 0.03, rng), 0.12, rng),
            "Wohnort": gaps(messy(frame.city.to_numpy(), 0.06, rng), 0.1, rng),
            "Land": "DE",
        }
    )
    told = {
        "Vorname": "given_name",
        "Nachname": "family_name",
        "Geburtsdatum": "string",
        "Strasse": "string",
        "PLZ": "exact",
        "Wohnort": "city",
    }
    return Dialect(finish(made, owner, "Nr", "Wahrheit", rng), "Nr", "Wahrheit", told)


def _plain(text: str, rng: Rng) -> str:
    for umlaut, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        text = text.replace(umlaut, two if rng.random() < 0.7 else two[:1] if umlaut != "ß" else "s")
    return text


def clinic(count: int, seed: int = 15) -> Dialect:
    """Patients: birth date in three columns, twins, fathers and sons of one name, middle names, moves."""
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 2.4), 20), rng)
    family = ("surname", "city", "postcode", "address")
    twins = np.arange(1, len(people), 25)
    juniors = np.arange(2, len(people), 20)
    for column in (*family, "birth_date"):
        people.loc[twins, column] = people[column].to_numpy()[twins - 1]
    for column in (*family, "given_name", "sex"):
        people.loc[juniors, column] = people[column].to_numpy()[juniors - 1]
    people["middle"] = rng.choice(list("ABCDEFGHJKLMPRSTW"), len(people))
    owner = owners(len(people), rng, 2.4, 8)
    frame = people.iloc[owner].reset_index(drop=True)
    date = some(
        typos(frame.birth_date.to_numpy(), 0.03, rng),
        0.03,
        rng,
        lambda t, r: swap_day(t, r) if t.count("-") == 2 else t,
    )
    parts = pd.Series(date).str.split("-", expand=True)
    moved = rng.random(len(frame)) < 0.2
    for column in ("city", "postcode", "address"):
        values = frame[column].to_numpy().copy()
        values[moved] = people[column].to_numpy()[rng.integers(0, len(people), int(moved.sum()))]
        frame[column] = values
    made = pd.DataFrame(
        {
            "PAT_FNAME": messy(some(frame.given_name.to_numpy(), 0.1, rng, nickname), 0.12, rng),
            "PAT_MI": gaps(frame.middle.to_numpy(), 0.4, rng),
            "PAT_LNAME": messy(frame.surname.to_numpy(), 0.12, rng),
            "SEX": gaps(frame.sex.str.upper().to_numpy(), 0.05, rng),
            "BIRTH_YR": gaps(parts[0].to_numpy(), 0.06, rng),
            "BIRTH_MO": gaps(parts[1].to_numpy(), 0.08, rng),
            "BIRTH_DAY": gaps(parts[2].to_numpy(), 0.1, rng),
            "ADDR1": gaps(messy(frame.address.str.upper().to_numpy(), 0.1, rng), 0.1, rng),
            "CITY_NM": gaps(frame.city.str.upper().to_numpy(), 0.1, rng),
            "ZIP5": gaps(typos(frame.postcode.to_numpy(), 0.03, rng), 0.1, rng),
            "TEL_HOME": gaps(typos(frame.phone.str[-10:].to_numpy(), 0.05, rng), 0.4, rng),
            "LOAD_TS": "2024-05-01T00:00:00",
        }
    )
    told = {
        "PAT_FNAME": "given_name",
        "PAT_LNAME": "family_name",
        "BIRTH_YR": "exact",
        "BIRTH_MO": "exact",
        "BIRTH_DAY": "exact",
        "ADDR1": "string",
        "ZIP5": "exact",
        "TEL_HOME": "exact",
    }
    return Dialect(finish(made, owner, "ROW_KEY", "EPI", rng), "ROW_KEY", "EPI", told)


def lines(count: int, seed: int = 16) -> Dialect:
    """One name column and one address line: words lost, abbreviated, in any order, initials, titles."""
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 3), 10), rng)
    owner = owners(len(people), rng, 3.0, 15)
    frame = people.iloc[owner].reset_index(drop=True)
    first = some(messy(some(frame.given_name.to_numpy(), 0.12, rng, nickname), 0.1, rng), 0.1, rng, initial)
    last = messy(frame.surname.to_numpy(), 0.12, rng)
    name = [_written(a, b, rng) for a, b in zip(first, last, strict=True)]
    address = np.array(
        [
            f"{a}, {p} {c}" if rng.random() < 0.7 else f"{a} {c}"
            for a, p, c in zip(frame.address, frame.postcode, frame.city, strict=True)
        ],
        dtype=object,
    )
    address = some(
        some(address, 0.3, rng, lambda t, r: t.replace("Street", "St").replace("Road", "Rd").replace("Avenue", "Ave.")),
        0.1,
        rng,
        lost_word,
    )
    made = pd.DataFrame(
        {
            "name": name,
            "yob": gaps(frame.birth_date.str[:4].to_numpy(), 0.25, rng),
            "full_address": gaps(messy(address, 0.2, rng), 0.12, rng),
            "contact_tel": gaps(typos(frame.phone.to_numpy(), 0.06, rng), 0.4, rng),
            "job_title": gaps(messy(frame.occupation.to_numpy(), 0.05, rng), 0.3, rng),
            "active": rng.choice(["Y", "N"], len(frame)),
        }
    )
    told = {"name": "string", "yob": "exact", "full_address": "string", "contact_tel": "exact", "job_title": "exact"}
    return Dialect(finish(made, owner, "rid", "who", rng), "rid", "who", told)


def _written(first: str, last: str, rng: Rng) -> str:
    style = rng.random()
    if style < 0.15:
        return f"{last}, {first}"
    if style < 0.2:
        return f"{last} {first}"
    if style < 0.3:
        return f"{rng.choice(['Mr', 'Ms', 'Dr.'])} {first} {last}"
    if style < 0.4:
        return f"{first} {rng.choice(list('ABCDEJLM'))}. {last}"
    return f"{first} {last}".upper() if style < 0.5 else f"{first} {last}"


DIALECTS: dict[str, Callable[..., Dialect]] = {
    "historic": historic,
    "voters": voters,
    "customers": customers,
    "german": german,
    "clinic": clinic,
    "lines": lines,
}
