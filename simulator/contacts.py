"""E-mail addresses and phone numbers: unique where people's are, shared or recycled where the plan says so."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.draws import Draws
from simulator.text import digits, joined, lookup
from simulator.vocabulary import COUNTRIES, NameTables

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
PLACEHOLDER_MAILS: tuple[str, ...] = ("test@test.com", "noemail@example.com", "none@none.com", "a@a.com")
_US_AREAS = (
    212,
    718,
    917,
    213,
    310,
    619,
    312,
    773,
    713,
    512,
    602,
    215,
    614,
    704,
    206,
    303,
    617,
    615,
    503,
    404,
    305,
    612,
    608,
)
_US_EXCHANGES = tuple(e for e in range(220, 990) if e % 100 != 11 and e != 555)
_MULTIPLIER = 7_368_787  # prime: n → n * prime mod the size of the space is a bijection, so numbers are unique


_slugs: dict[str, pl.Series] = {}


def slugs(kind: str, table: list[str]) -> pl.Series:
    """Names as they stand in addresses and handles: plain lower-case letters. `kind` names the table for the cache."""
    if kind not in _slugs:
        from anyascii import anyascii

        cleaned = ["".join(c for c in anyascii(name).lower() if c.isalnum()) for name in table]
        _slugs[kind] = pl.Series("", cleaned, dtype=pl.String)
    return _slugs[kind]


def _local_parts(draws: Draws, stream: str, index: I64, given: pl.Series, family: pl.Series, year: I64) -> pl.Series:
    """Local parts in the usual patterns."""
    frame = pl.DataFrame(
        {
            "g": given,
            "f": family,
            "y": year % 100,
            "yy": year,
            "k": draws.choice(stream, index, (34, 18, 14, 12, 8, 8, 6)),
            "n": draws.below(stream + "/n", index, 99) + 1,
        }
    )
    short = pl.col("y").cast(pl.String).str.zfill(2)
    patterns = [
        pl.concat_str("g", pl.lit("."), "f"),
        pl.concat_str(pl.col("g").str.slice(0, 1), "f"),
        pl.concat_str("g", short),
        pl.concat_str("g", pl.lit("."), "f", short),
        pl.concat_str("f", pl.lit("."), "g"),
        pl.concat_str("g", pl.lit("_"), "f", pl.col("n").cast(pl.String)),
        pl.concat_str("g", pl.col("f").str.slice(0, 1), pl.col("yy").cast(pl.String)),
    ]
    chosen = pl.coalesce(pl.when(pl.col("k") == k).then(pattern) for k, pattern in enumerate(patterns))
    return frame.select(chosen).to_series()


def emails(
    draws: Draws,
    names: NameTables,
    index: I64,
    country: I64,
    given: I64,
    family: I64,
    birth: I64,
    shared: Bool,
    head: I64,
) -> tuple[pl.Series, pl.Series, Bool]:
    """First and later address of each person, unique but for those who use the head's, and who has a role mailbox."""
    first, last = lookup(slugs("given", names.given), given), lookup(slugs("family", names.family), family)
    year = 1970 + birth // 365
    domains: list[str] = []
    offsets: list[int] = []
    local_weights: list[list[float]] = []
    for block in COUNTRIES:
        offsets.append(len(domains))
        domains += [d for d, _ in block.mail_domains]
        local_weights.append([w for _, w in block.mail_domains])
    role = draws.chance("mail/role", index, 0.006)
    columns = []
    for version in ("mail/1", "mail/2"):
        domain = np.zeros(len(index), dtype=np.int64)
        for place, weights in enumerate(local_weights):
            rows = country == place
            domain[rows] = offsets[place] + draws.choice(version + "/domain", index[rows], weights)
        local = _local_parts(draws, version, index, first, last, year)
        columns.append(pl.DataFrame({"l": local, "d": lookup(domains, domain), "p": index}))
    both = pl.concat(columns)
    # The second holder of an address adds a number; whoever still collides adds the person's own number.
    both = both.with_columns(pl.col("p").cum_count().over("l", "d").alias("r"))
    both = both.with_columns(
        pl.when(pl.col("r") > 1).then(pl.concat_str("l", (pl.col("r") + 1).cast(pl.String))).otherwise("l").alias("l")
    )
    both = both.with_columns((pl.int_range(pl.len()).over("l", "d")).alias("r"), pl.int_range(pl.len()).alias("row"))
    both = both.with_columns(
        pl.when(pl.col("r") > 0)
        .then(pl.concat_str("l", pl.lit("."), pl.col("row").cast(pl.String)))
        .otherwise("l")
        .alias("l")
    )
    address = both.select(pl.concat_str("l", pl.lit("@"), "d")).to_series()
    one, two = address.slice(0, len(index)), address.slice(len(index))
    boxes = lookup(("info", "office", "sales", "contact"), draws.below("mail/box", index, 4))
    company = joined(boxes, "@", last, "-", digits(index % 10_000, 4), ".example")
    frame = pl.DataFrame({"one": one, "company": company, "role": role})
    one = frame.select(pl.when("role").then("company").otherwise("one")).to_series()
    one = one.gather(pl.Series(np.where(shared, head, index)).cast(pl.UInt32))
    return one, two, role


def _national(draws: Draws, stream: str, number: I64, country: I64) -> pl.Series:
    """E.164 mobile numbers: each `number` gives another one (unique below ten million per country and prefix)."""
    seven = (number * _MULTIPLIER + 1_234_577) % 10_000_000
    frame = pl.DataFrame({"o": pl.Series("", [None] * len(number), dtype=pl.String)})
    for place, block in enumerate(COUNTRIES):
        if block.code == "US":
            space = len(_US_AREAS) * len(_US_EXCHANGES) * 10_000
            value = (number * _MULTIPLIER + 987_643) % space
            area = np.array(_US_AREAS)[value // 10_000 // len(_US_EXCHANGES)]
            exchange = np.array(_US_EXCHANGES)[value // 10_000 % len(_US_EXCHANGES)]
            text = joined("+1", digits(area, 3), digits(exchange, 3), digits(value % 10_000, 4))
        elif block.code == "GB":
            value = (number * _MULTIPLIER + 987_643) % 100_000_000
            text = joined("+447", digits(400 + value // 1_000_000, 3), digits(value % 1_000_000, 6))
        elif block.code == "DE":
            text = joined(lookup(("+49160", "+49170", "+49171", "+49175"), seven % 4), digits(seven, 7))
        elif block.code == "IT":
            text = joined(lookup(("+39333", "+39347", "+39320", "+39328"), seven % 4), digits(seven, 7))
        else:
            text = joined("+336" if block.code == "FR" else "+316", digits(10_000_000 + seven, 8))
        frame = frame.with_columns(text.alias("t"), pl.Series("m", country == place))
        frame = frame.select(pl.when("m").then("t").otherwise("o").alias("o"))
    return frame["o"]


def phones(
    draws: Draws, index: I64, household: I64, country: I64, landline: Bool, change_at: I64
) -> tuple[pl.Series, pl.Series]:
    """First and later number of each person. Households share a landline; some changes get a recycled number."""
    count = len(index)
    first = _national(draws, "phone", np.where(landline, 2 * count + household, index), country)
    later = _national(draws, "phone", count + index, country)
    # Recycled: of two people of one country who change one after the other, the second gets the first's old number.
    changers = np.flatnonzero((change_at < 2**62) & ~landline)
    changers = changers[np.lexsort((changers, change_at[changers], country[changers]))]
    giver, taker = changers[:-1:2], changers[1::2]
    pairs = min(len(giver), len(taker))
    giver, taker = giver[:pairs], taker[:pairs]
    good = (country[giver] == country[taker]) & draws.chance("phone/recycled", taker, 0.2)
    source = np.arange(count) + count
    source[taker[good]] = giver[good]
    both = pl.concat([first.alias("p"), later.alias("p")])
    return first, both.gather(pl.Series(source).cast(pl.UInt32))
