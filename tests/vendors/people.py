"""Made-up persons and times from which the local servers build their records. Pure functions of a number."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

_GIVEN = ("Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Femi", "Greta", "Hana", "İlker", "José", "Keiko", "Łucja", "Mei")
_FAMILY = (
    "Abara",
    "Brandt",
    "Castellanos",
    "Dvořák",
    "Eriksen",
    "Faraday",
    "Güneş",
    "Hollis",
    "Ito",
    "Jansen",
    "Kowal",
)
_CITIES = (("Springfield", "Illinois", "62701", "US"), ("Porto", "", "4000-322", "PT"), ("Ghent", "", "9000", "BE"))


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A person that does not exist. example.com and 555-01xx belong to nobody."""

    number: int
    given: str
    family: str
    email: str
    phone: str
    city: str
    region: str
    postcode: str
    country: str

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def email_md5(self) -> str:
        return hashlib.md5(self.email.lower().encode(), usedforsecurity=False).hexdigest()


def person(number: int) -> MadeUp:
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    city, region, postcode, country = _CITIES[number % len(_CITIES)]
    return MadeUp(
        number, given, family, f"shopper.{number}@example.com", f"+1202555{100 + number % 100:04d}", city, region,
        postcode, country,
    )  # fmt: skip


def code(kind: str, number: int, length: int, alphabet: str = "0123456789abcdef") -> str:
    """An id that looks like a vendor's: always the same for the same kind and number."""
    value = int.from_bytes(hashlib.sha256(f"{kind}:{number}".encode()).digest(), "big")
    letters = []
    for _ in range(length):
        value, rest = divmod(value, len(alphabet))
        letters.append(alphabet[rest])
    return "".join(letters)


def moment(unix: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(unix, dt.UTC)


def iso_z(unix: float) -> str:
    """2026-01-01T00:00:00Z"""
    return moment(unix).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_offset(unix: float) -> str:
    """2026-01-01T00:00:00+00:00"""
    return moment(unix).isoformat(timespec="seconds")


def iso_millis(unix: float) -> str:
    """2026-01-01T00:00:00.000Z"""
    return moment(unix).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment(unix).microsecond // 1000:03d}Z"


def unix(text: str) -> float:
    """The other way round, from any ISO spelling; a time without a zone is UTC."""
    value = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
