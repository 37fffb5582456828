"""A small made-up brand in the `int_*` tables: persons with several records, households, typing errors, shared
phones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from uuid import UUID

RECORD_COLUMNS = (
    "source_record_key", "source_platform", "record_kind", "source_record_id", "email", "phone", "full_name",
    "given_name", "family_name", "birth_date", "address_line", "city", "postcode", "region", "country_code", "company",
    "is_email_verified", "is_phone_shared", "email_consent", "sms_consent", "email_consent_at", "sms_consent_at",
    "first_seen_at", "last_seen_at", "is_internal", "is_deleted", "_changed_seq",
)  # fmt: skip
DDL = """
create table intermediate.int_person_records (
    source_record_key uuid primary key, source_platform text, record_kind text, source_record_id text, email text,
    phone text, full_name text, given_name text, family_name text, birth_date date, address_line text, city text,
    postcode text, region text, country_code text, company text, is_email_verified boolean, is_phone_shared boolean,
    email_consent text, sms_consent text, email_consent_at timestamptz, sms_consent_at timestamptz,
    first_seen_at timestamptz, last_seen_at timestamptz, is_internal boolean, is_deleted boolean, _changed_seq bigint);
create table intermediate.int_identifiers (
    source_record_key uuid, identifier_type text, identifier_namespace text, identifier_value text, is_verified boolean,
    is_deleted boolean, first_seen_at timestamptz, last_seen_at timestamptz, _changed_seq bigint,
    primary key (source_record_key, identifier_type, identifier_namespace, identifier_value));
"""
GIVEN = [
    "Alice",
    "Robert",
    "William",
    "Margaret",
    "Elena",
    "Sofia",
    "Lucas",
    "Mateo",
    "Ingrid",
    "Bjorn",
    "Yusuf",
    "Amina",
    "Chloe",
    "Hugo",
    "Nadia",
    "Viktor",
    "Priya",
    "Arjun",
    "Mei",
    "Hana",
    "Kofi",
    "Zuri",
    "Oskar",
    "Greta",
    "Pablo",
    "Ines",
    "Dmitri",
    "Katya",
    "Noel",
    "Freya",
]
FAMILY = [
    "Smith",
    "Johnson",
    "Featherstone",
    "Okafor",
    "Nakamura",
    "Lindqvist",
    "Moreau",
    "Rossi",
    "Garcia",
    "Novak",
    "Petrov",
    "Haddad",
    "Banerjee",
    "Kowalski",
    "Andersen",
    "Dubois",
    "Schneider",
    "Fernandez",
    "Oconnor",
    "Yilmaz",
    "Tanaka",
    "Mensah",
    "Silva",
    "Costa",
    "Weber",
    "Janssen",
    "Horvat",
    "Popescu",
    "Murphy",
    "Ali",
]
STREETS = [
    "High Street",
    "Mill Lane",
    "Station Road",
    "Church Walk",
    "Queens Avenue",
    "Park View",
    "Orchard Close",
    "Bridge Street",
]
CITIES = ("Leeds LS1 4AP", "Bath BA1 1LN", "York YO1 7HH", "Hull HU1 3TS", "Derby DE1 2PL", "Truro TR1 2NE")


def key_of(platform: str, kind: str, record_id: str) -> str:
    """source_record_key as dbt makes it."""
    return str(UUID(md5(f"{platform}|{kind}|{record_id}".encode()).hexdigest()))


@dataclass
class Record:
    """One person record with its identifiers and the person who is behind it."""

    person: int
    values: dict[str, Any]
    identifiers: list[tuple[str, str, str, bool]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return str(self.values["source_record_key"])


def _typo(rng: random.Random, text: str) -> str:
    if len(text) < 4 or rng.random() > 0.25:
        return text
    i = rng.randrange(1, len(text) - 1)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def make_world(persons: int, seed: int) -> list[Record]:
    """Records of `persons` people, in random order; about three per person. A fifth share a household's phone."""
    rng = random.Random(seed)
    records: list[Record] = []
    home: dict[str, str] = {}
    for person in range(persons):
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        if person and rng.random() < 0.2:
            family = home["family"]
        else:
            city, outer, inner = rng.choice(CITIES).split(" ")
            home = {
                "family": family,
                "address_line": f"{rng.randrange(1, 90)} {rng.choice(STREETS)}",
                "city": city,
                "postcode": f"{outer} {inner}",
                "phone": f"+4420{rng.randrange(10**7, 10**8)}",
            }
        email = f"{given}.{family}{person}@{rng.choice(['mail.com', 'post.org'])}".lower()
        birth = f"{rng.randrange(1950, 2004)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        account = f"c{person}"
        makers = [("shop", "account"), ("shop", "order_contact"), ("help", "support_user"), ("web", "cookie")]
        for n, (platform, kind) in enumerate(rng.choices(makers, k=rng.randrange(1, 6))):
            record_id = account if kind == "account" else f"{person}-{n}"
            if any(
                r.values["source_record_id"] == record_id and r.values["source_platform"] == platform
                for r in records[-6:]
            ):
                continue
            knows_email = rng.random() < 0.75
            values: dict[str, Any] = dict.fromkeys(RECORD_COLUMNS)
            values |= {
                "source_record_key": key_of(platform, kind, record_id),
                "source_platform": platform, "record_kind": kind, "source_record_id": record_id, "is_internal":
                False, "is_deleted": False,
                "first_seen_at": f"2024-01-{n + 1:02d} 10:00:00+00", "last_seen_at": f"2024-02-{n + 1:02d} 10:00:00+00",
            }  # fmt: skip
            identifiers: list[tuple[str, str, str, bool]] = []
            if kind == "cookie":
                identifiers.append(("cookie_id", "web.anonymous", record_id, False))
                if rng.random() < 0.5:
                    identifiers.append(("account_id", "shop.customer", account, True))
            else:
                values |= {"given_name": _typo(rng, given), "family_name": _typo(rng, family), "country_code": "GB"}
                values["full_name"] = f"{values['given_name']} {values['family_name']}"
                if rng.random() < 0.6:
                    values |= {c: home[c] for c in ("address_line", "city", "postcode")}
                if rng.random() < 0.4:
                    values["birth_date"] = birth
                if rng.random() < 0.5:
                    values["phone"] = home["phone"]
                    identifiers.append(("phone", "global", home["phone"], False))
                if kind == "account":
                    identifiers.append(("account_id", "shop.customer", account, True))
                values["email_consent"] = rng.choice(["subscribed", "unsubscribed", None])
            if knows_email and kind != "cookie":
                values["email"] = email
                identifiers.append(("email", "global", email, kind == "account"))
            records.append(Record(person, values, identifiers))
    rng.shuffle(records)
    return records


def create_tables(connection: Any) -> None:
    """The int tables as dbt makes them."""
    connection.execute(DDL)


def put(connection: Any, records: list[Record], seq: int, *, deleted: bool = False) -> None:
    """Write records and identifiers as of one dbt run; identifiers that a record no longer has become tombstones."""
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(RECORD_COLUMNS))
        updates = ", ".join(f"{c} = excluded.{c}" for c in RECORD_COLUMNS[1:])
        cursor.executemany(
            f"insert into intermediate.int_person_records ({', '.join(RECORD_COLUMNS)}) values ({places}) "
            f"on conflict (source_record_key) do update set {updates}",
            [[(r.values | {"_changed_seq": seq, "is_deleted": deleted})[c] for c in RECORD_COLUMNS] for r in records],
        )
        cursor.executemany(
            "update intermediate.int_identifiers set is_deleted = true, _changed_seq = %s where source_record_key = %s",
            [(seq, r.key) for r in records],
        )
        cursor.executemany(
            """insert into intermediate.int_identifiers (source_record_key, identifier_type, identifier_namespace,
                   identifier_value, is_verified, is_deleted, _changed_seq) values (%s, %s, %s, %s, %s, %s, %s)
               on conflict (source_record_key, identifier_type, identifier_namespace, identifier_value)
               do update set is_deleted = excluded.is_deleted, _changed_seq = excluded._changed_seq""",
            [(r.key, *i, deleted, seq) for r in records for i in r.identifiers],
        )


def partition(connection: Any) -> set[frozenset[str]]:
    """The accepted partition of the records."""
    rows = connection.execute(
        """select array_agg(source_record_key::text) from identity.record_links where valid_to_run_id is null
           group by golden_customer_id"""
    ).fetchall()
    return {frozenset(row[0]) for row in rows}


class Brand:
    """A throw-away warehouse whose nights are one call each."""

    def __init__(self) -> None:
        self.seq = 0
        self.date = 0

    def connect(self) -> Any:
        import warehouse

        return warehouse.connect(name="test")

    def rows(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query, params or None).fetchall()

    def run(self, query: str, *params: Any) -> None:
        with self.connect() as connection:
            connection.execute(query, params or None)

    def put(self, records: list[Record], *, deleted: bool = False) -> None:
        self.seq += 1
        with self.connect() as connection:
            put(connection, records, self.seq, deleted=deleted)

    def night(self, *, full: bool = False, retrain: bool = False) -> Any:
        """Resolve and accept."""
        import resolution

        self.date += 1
        result = resolution.resolve_night(f"2024-03-{self.date:02d}", full=full, retrain=retrain)
        resolution.accept_run(result.run_id)
        return result

    def partition(self) -> set[frozenset[str]]:
        with self.connect() as connection:
            return partition(connection)

    def links(self) -> dict[str, str]:
        return dict(
            self.rows(
                """select source_record_key::text, golden_customer_id::text from identity.record_links
                   where valid_to_run_id is null"""
            )
        )

    def evidence(self) -> set[tuple[Any, ...]]:
        return set(
            self.rows(
                "select left_key, right_key, kind, evidence, match_weight, match_probability from identity.match_edges"
            )
        )

    def near(self) -> set[tuple[Any, ...]]:
        """Near pairs: what the review queue asks beside the evidence."""
        return set(
            self.rows("select left_key, right_key, evidence, match_weight, match_probability from identity.near_pairs")
        )

    def keys(self) -> set[tuple[Any, ...]]:
        return set(self.rows("select source_record_key, pass, block_key from identity.block_keys"))

    def golden(self) -> set[tuple[Any, ...]]:
        """Golden records apart from the run that wrote them."""
        return set(
            self.rows(
                """select golden_customer_id, email, phone, full_name, family_name, birth_date, address_line, city,
                          postcode, email_consent, is_identified, record_count, platform_count, first_seen_at,
                          last_seen_at, provenance::text, conflicts::text, household_id from identity.golden_records"""
            )
        )
