"""Makes the example files of docs/tune-matching.md: made-up people as a shop, a newsletter and a help desk know them.

    python docs/examples/make_people.py docs/examples

writes people.csv, new_people.csv (records that come later) and truth.csv (who each record really is), always the same.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

GIVEN = [
    "Anna", "Robert", "Maria", "William", "Elizabeth", "James", "Katherine", "Thomas", "Margaret", "Edward", "Susan",
    "Michael", "Alexandra", "Daniel", "Laura", "Peter", "Joanna", "Henry", "Caroline", "Samuel", "Nina", "Oliver",
    "Teresa", "Frederick", "Bianca", "Victor", "Helena", "Gregory", "Amelia", "Simon",
]  # fmt: skip
SHORT = {
    "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "Katherine": "Kate", "Thomas": "Tom", "Michael": "Mike",
    "Margaret": "Maggie", "Edward": "Ted", "James": "Jim", "Susan": "Sue", "Alexandra": "Alex", "Daniel": "Dan",
}  # fmt: skip
FAMILY = [
    "Abbott", "Barker", "Carver", "Dunlop", "Ellison", "Fairley", "Garrick", "Hollis", "Ingram", "Jarvis", "Kemble",
    "Loxley", "Marlow", "Norcross", "Oakham", "Pemberton", "Quayle", "Rushton", "Selby", "Thackeray", "Upton",
    "Verney", "Wickham", "Yardley", "Ashdown", "Bramwell", "Colby", "Drayton", "Elstob", "Farrow",
]  # fmt: skip
STREETS = [
    "Mill Lane", "Station Road", "Orchard Close", "High Street", "Canal Walk", "Priory Gardens", "Quarry Hill",
]  # fmt: skip
TOWNS = [("Ambleford", "AM1"), ("Brackenridge", "BR4"), ("Coldwater", "CW7"), ("Dunmere", "DM2"), ("Eastholm", "EH9")]
COLUMNS = ["id", "source", "first_name", "last_name", "birth_date", "email", "phone", "street", "town", "postcode"]
SEED = 11


def household(draw: random.Random) -> list[dict[str, str]]:
    """One to three people of one name at one address."""
    family, (town, area) = draw.choice(FAMILY), draw.choice(TOWNS)
    home = {
        "last_name": family,
        "street": f"{draw.randint(1, 140)} {draw.choice(STREETS)}",
        "town": town,
        "postcode": f"{area} {draw.randint(1, 9)}{draw.choice('ABDEFGHJ')}{draw.choice('LNPQRSTU')}",
        "phone": f"020 7946 0{draw.randint(100, 999)}",
    }
    people = []
    for given in draw.sample(GIVEN, draw.choice((1, 1, 1, 2, 3))):
        born = f"{draw.randint(1945, 2004)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        number = draw.choice(("", str(draw.randint(1, 99))))
        mail = f"{given.lower()}.{family.lower()}{number}@mail{draw.randint(1, 4)}.net"
        people.append({**home, "first_name": given, "birth_date": born, "email": mail})
    return people


def written(person: dict[str, str], source: str, draw: random.Random) -> dict[str, str]:
    """The person as one source writes it: some fields missing, some mistyped."""
    record = dict(person)
    if draw.random() < 0.2:
        record["first_name"] = SHORT.get(record["first_name"], record["first_name"][0])
    for column in ("first_name", "last_name", "email", "street", "town"):
        if draw.random() < 0.08:
            record[column] = typo(record[column], draw)
    if draw.random() < 0.08:
        year, month, day = record["birth_date"].split("-")
        record["birth_date"] = (
            f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-{(int(day) % 28) + 1:02d}"
        )
    if draw.random() < 0.08:
        record["street"], record["postcode"] = f"{draw.randint(1, 140)} {draw.choice(STREETS)}", ""  # moved
    asked = {"shop": 0.12, "newsletter": 0.55, "helpdesk": 0.35}[source]
    for column in ("first_name", "last_name", "birth_date", "phone", "street", "town", "postcode"):
        if draw.random() < (asked if column not in ("first_name", "last_name") else 0.06):
            record[column] = ""
    if draw.random() < {"shop": 0.2, "newsletter": 0.03, "helpdesk": 0.3}[source]:
        record["email"] = ""
    if record["phone"] and draw.random() < 0.3:
        record["phone"] = "+44" + record["phone"].replace(" ", "")[1:]
    return record | {"source": source}


def typo(text: str, draw: random.Random) -> str:
    """One letter left out, doubled, or changed places with the next."""
    if len(text) < 4:
        return text
    at = draw.randint(1, len(text) - 2)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return draw.choice((text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], swapped))


def records(households: int, draw: random.Random) -> list[dict[str, str]]:
    """Records of all people, shuffled, with their true person."""
    found = []
    number = 0
    for _ in range(households):
        for person in household(draw):
            number += 1
            sources = [s for s in ("shop", "newsletter", "helpdesk") for _ in range(draw.choice((0, 1, 1, 2)))] or [
                "shop"
            ]
            found += [written(person, source, draw) | {"person": f"p{number:03d}"} for source in sources or ["shop"]]
    draw.shuffle(found)
    return [{"id": f"{row['source'][0]}{i:04d}", **row} for i, row in enumerate(found, start=1)]


def main(folder: Path) -> None:
    """Write the files: the last eighth of the records come later."""
    everyone = records(150, random.Random(SEED))
    later = len(everyone) // 8
    for name, rows, columns in (
        ("people.csv", everyone[:-later], COLUMNS),
        ("new_people.csv", everyone[-later:], COLUMNS),
        ("truth.csv", everyone, ["id", "person"]),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
