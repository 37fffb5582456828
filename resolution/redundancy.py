"""Columns that repeat others, and sources that hold nobody twice: what the records themselves tell before linking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 20_000
REPEATED = 0.85
"""Share of records in which a column's words must be found in another for it to be a repetition."""
EXPECTED = 20.0
CHANCE = 0.1


def repeats(frame: pl.DataFrame, column: str, of: Sequence[str]) -> bool:
    """Whether the words of `column` and those of the columns `of` together are the same things said twice.

    True when, in nearly all records that have them, the words of one side are all among the words of the other.
    """
    import polars as pl

    from resolution.standardise.text import words

    known = frame.select(pl.col(c).cast(pl.String) for c in (column, *of)).head(SAMPLE)
    for name in (column, *of):
        known = known.with_columns(words(known[name]).alias(name))
    known = known.drop_nulls()
    if known.height < 20:
        return False
    one = pl.col(column).str.split(" ")
    other = pl.concat_str([pl.col(c) for c in of], separator=" ").str.split(" ")
    inside = known.select(
        (other.list.set_difference(one).list.len() == 0) | (one.list.set_difference(other).list.len() == 0)
    ).to_series()
    return float(inside.mean() or 0.0) >= REPEATED  # type: ignore[arg-type]


@dataclass(frozen=True)
class SourceEvidence:
    """Pairs of equal records of a source column: how many lie within one source, and how many would by chance."""

    column: str
    equal_pairs: int
    within: int
    by_chance: float

    @property
    def duplicate_free(self) -> bool:
        """Whether far fewer equal records lie within one source than chance would put there."""
        return self.by_chance >= EXPECTED and self.within <= CHANCE * self.by_chance


def source_evidence(frame: pl.DataFrame, column: str, attributes: Sequence[str]) -> SourceEvidence:
    """Where records that are equal in all attributes lie.

    If sources held people twice, equal records would fall into one source as often as its size says. Groups of more
    than 20 equal records (blanks, defaults) are left out.
    """
    import polars as pl

    from resolution.standardise.text import words

    known = frame.select(
        pl.col(column).cast(pl.String).alias("source"), *(pl.col(c).cast(pl.String) for c in attributes)
    )
    known = known.with_columns(words(known[c]).alias(c) for c in attributes)
    filled = pl.sum_horizontal(pl.col(c).is_not_null().cast(pl.Int32) for c in attributes)
    known = known.filter(pl.col("source").is_not_null() & (filled >= max(2, len(attributes) - 2)))
    share = known.group_by("source").len()["len"] / max(known.height, 1)
    chance = float((share**2).sum())
    cells = known.group_by(*attributes, "source").len()
    groups = cells.group_by(*attributes).agg(
        total=pl.col("len").sum(), within=(pl.col("len") * (pl.col("len") - 1) // 2).sum()
    )
    groups = groups.filter(pl.col("total").is_between(2, 20))
    pairs = int((groups["total"].cast(pl.Int64) * (groups["total"] - 1) // 2).sum())
    return SourceEvidence(column, pairs, int(groups["within"].sum()), pairs * chance)
