"""How a person appears on one record: name, contact and address as of a moment, with the errors people make.

`who` is an array of persons, `at` of unix seconds, `key` of the record's stable key: the same record looks the same
each night.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.draws import Draws
from simulator.persons import Persons
from simulator.text import digits, joined, lookup
from simulator.vocabulary import COUNTRIES, name_tables

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
_NEIGHBOURS = dict(zip("abcdefghijklmnoprstuvwyz", "svxsdrfhuojkikinptdrycqta", strict=False))
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def typed(draws: Draws, stream: str, key: NDArray, text: pl.Series, rate: float) -> pl.Series:
    """`text` with a typing error in a share `rate` of the rows: a letter dropped, doubled, swapped or hit beside."""
    rows = np.flatnonzero(draws.chance(stream + "/typo", key, rate))
    if not len(rows):
        return text
    part = text.gather(pl.Series(rows).cast(pl.UInt32))
    where = draws.uniform(stream + "/where", np.asarray(key)[rows])
    frame = pl.DataFrame({"t": part, "u": where, "k": draws.below(stream + "/kind", np.asarray(key)[rows], 4)})
    stem = pl.col("t").str.len_chars() - 2  # never the first letter
    frame = frame.with_columns((1 + (pl.col("u") * pl.max_horizontal(stem, 1))).cast(pl.Int64).alias("p"))
    head, one, two = (
        pl.col("t").str.head(pl.col("p")),
        pl.col("t").str.slice(pl.col("p"), 1),
        pl.col("t").str.slice(pl.col("p") + 1, 1),
    )
    tail, rest = pl.col("t").str.slice(pl.col("p") + 1), pl.col("t").str.slice(pl.col("p") + 2)
    wrong = (
        pl.when(pl.col("k") == 0)
        .then(head + tail)
        .when(pl.col("k") == 1)
        .then(head + one + one + tail)
        .when(pl.col("k") == 2)
        .then(head + two + one + rest)
        .otherwise(head + one.replace(_NEIGHBOURS) + tail)
    )
    both = pl.concat([text.alias("x"), frame.select(wrong.alias("x"))["x"]])
    source = np.arange(len(text))
    source[rows] = len(text) + np.arange(len(rows))
    return both.gather(pl.Series(source).cast(pl.UInt32))


def _recased(draws: Draws, stream: str, key: NDArray, text: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"t": text, "u": draws.uniform(stream + "/case", key)})
    lower, upper = pl.col("t").str.to_lowercase(), pl.col("t").str.to_uppercase()
    return frame.select(
        pl.when(pl.col("u") < 0.03).then(lower).when(pl.col("u") < 0.045).then(upper).otherwise("t")
    ).to_series()


@dataclass(frozen=True)
class Spelling:
    """How careless the people of one kind of record are."""

    nickname: float = 0.0
    typo: float = 0.0
    mixed_case: bool = True


def names(
    draws: Draws, persons: Persons, who: I64, at: I64, key: I64, stream: str, spelling: Spelling
) -> tuple[pl.Series, pl.Series]:
    """Given and family name."""
    tables = name_tables()
    given = persons.given[who]
    given = np.where(draws.chance(stream + "/nick", key, spelling.nickname), tables.nickname[given], given)
    family = np.where(persons.name_change_at[who] <= at, persons.family_after[who], persons.family[who])
    first, last = lookup(_given_series(), given), lookup(_family_series(), family)
    if spelling.typo:
        first = typed(draws, stream + "/first", key, first, spelling.typo / 2)
        last = typed(draws, stream + "/last", key, last, spelling.typo)
    if spelling.mixed_case:
        first, last = _recased(draws, stream, key, first), _recased(draws, stream, key, last)
    return first, last


_series: dict[str, pl.Series] = {}


def _given_series() -> pl.Series:
    return _series.setdefault("given", pl.Series("", name_tables().given, dtype=pl.String))


def _family_series() -> pl.Series:
    return _series.setdefault("family", pl.Series("", name_tables().family, dtype=pl.String))


def version_at(change_at: I64, who: I64, at: I64 | int) -> Bool:
    """True where the later version is in force."""
    return np.asarray(change_at[who] <= at)


def email_at(persons: Persons, who: I64, at: I64 | int) -> pl.Series:
    """The e-mail address in use at the moment."""
    return _versioned(persons.email, persons.email_after, who, version_at(persons.email_change_at, who, at))


def phone_at(persons: Persons, who: I64, at: I64 | int) -> pl.Series:
    """The phone number in use at the moment, E.164."""
    return _versioned(persons.phone, persons.phone_after, who, version_at(persons.phone_change_at, who, at))


def _versioned(first: pl.Series, later: pl.Series, who: I64, is_later: Bool) -> pl.Series:
    index = pl.Series(who).cast(pl.UInt32)
    frame = pl.DataFrame({"a": first.gather(index), "b": later.gather(index), "m": is_later})
    return frame.select(pl.when("m").then("b").otherwise("a")).to_series()


def spelled_phone(draws: Draws, persons: Persons, who: I64, at: I64 | int, key: I64, stream: str) -> pl.Series:
    """The phone number as people write it: E.164, international with blanks, or national."""
    frame = pl.DataFrame(
        {
            "p": phone_at(persons, who, at),
            "c": persons.country[who],
            "k": draws.choice(stream + "/spell", key, (50, 20, 20, 10)),
        }
    )
    dial = pl.col("c").replace_strict({i: len(c.dial_code) for i, c in enumerate(COUNTRIES)}, return_dtype=pl.Int64)
    trunk = pl.col("c").replace_strict(
        {i: "" if c.code in ("US", "IT") else "0" for i, c in enumerate(COUNTRIES)}, return_dtype=pl.String
    )
    code, rest = pl.col("p").str.head(dial), pl.col("p").str.slice(dial)
    a, b, c = rest.str.slice(0, 3), rest.str.slice(3, 3), rest.str.slice(6)
    us = pl.col("c") == next(i for i, c in enumerate(COUNTRIES) if c.code == "US")
    blank, dash = pl.lit(" "), pl.lit("-")
    national = (
        pl.when(us)
        .then(pl.concat_str(pl.lit("("), a, pl.lit(") "), b, dash, c))
        .otherwise(pl.concat_str(trunk, a, blank, b, blank, c))
    )
    tight = pl.when(us).then(pl.concat_str(a, dash, b, dash, c)).otherwise(pl.concat_str(trunk, rest))
    spaced = pl.concat_str(code, blank, a, blank, b, blank, c)
    k = pl.col("k")
    return frame.select(
        pl.when(k == 0).then("p").when(k == 1).then(spaced).when(k == 2).then(national).otherwise(tight)
    ).to_series()


@dataclass(frozen=True)
class Addresses:
    """Postal addresses, one row per record."""

    line1: pl.Series
    line2: pl.Series
    city: pl.Series
    zip: pl.Series
    province_code: pl.Series
    province: pl.Series
    country_code: pl.Series


def addresses(draws: Draws, persons: Persons, who: I64, at: I64 | int) -> Addresses:
    """Where each person lives at the moment."""
    place = np.where(version_at(persons.move_at, who, at), persons.address_after[who], persons.address[who])
    country = persons.country[who]
    number = 1 + draws.below("address/number", place, 240)
    city = np.zeros(len(who), dtype=np.int64)
    street = np.zeros(len(who), dtype=np.int64)
    cities: list[tuple[str, str, str, str, float]] = []
    streets: list[str] = []
    for position, block in enumerate(COUNTRIES):
        rows = country == position
        city[rows] = len(cities) + draws.choice("address/city", place[rows], [c[4] for c in block.cities])
        street[rows] = len(streets) + draws.below("address/street", place[rows], len(block.streets))
        cities += list(block.cities)
        streets += list(block.streets)
    frame = pl.DataFrame(
        {
            "number": pl.Series(number).cast(pl.String),
            "street": lookup(streets, street),
            "first": np.array([c.house_number_first for c in COUNTRIES])[country],
            "prefix": lookup([c[3] for c in cities], city),
            "style": lookup([c.zip_style for c in COUNTRIES], country),
            "tail": digits(draws.below("address/zip", place, 1000), 3),
            "l1": lookup(_LETTERS, draws.below("address/zip1", place, len(_LETTERS))),
            "l2": lookup(_LETTERS, draws.below("address/zip2", place, len(_LETTERS))),
            "flat": draws.chance("address/flat", place, 0.22),
            "apartment": pl.Series(1 + draws.below("address/apartment", place, 60)).cast(pl.String),
        }
    )
    blank = pl.lit(" ")
    line1 = (
        pl.when("first")
        .then(pl.concat_str("number", blank, "street"))
        .otherwise(pl.concat_str("street", blank, "number"))
    )
    five = pl.concat_str("prefix", "tail").str.slice(0, 5)
    code = (
        pl.when(pl.col("style") == "us")
        .then(pl.concat_str("prefix", pl.col("tail").str.slice(0, 2)))
        .when(pl.col("style") == "gb")
        .then(
            pl.concat_str("prefix", pl.col("tail").str.slice(0, 1), blank, pl.col("tail").str.slice(1, 1), "l1", "l2")
        )
        .when(pl.col("style") == "nl")
        .then(pl.concat_str("prefix", pl.col("tail").str.slice(0, 2), blank, "l1", "l2"))
        .otherwise(five)
    )
    out = frame.select(
        line1.alias("line1"),
        pl.when("flat").then(pl.concat_str(pl.lit("Apt "), "apartment")).alias("line2"),
        code.alias("zip"),
    )
    return Addresses(
        out["line1"],
        out["line2"],
        lookup([c[0] for c in cities], city),
        out["zip"],
        lookup([c[1] for c in cities], city),
        lookup([c[2] for c in cities], city),
        lookup([c.code for c in COUNTRIES], country),
    )


def relay_address(draws: Draws, who: I64) -> pl.Series:
    """A relay address, stable per person."""
    from simulator.text import hex16

    return joined(hex16(draws.bits("mail/relay", who)).str.slice(0, 10), "@privaterelay.appleid.com")
