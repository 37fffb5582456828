"""Dates of birth and other dates, also partial and mistyped ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def clean_dates(series: pl.Series, placeholders: tuple[str, ...] = ()) -> pl.Series:
    """Distinct date texts → `YYYYMMDD`, unknown month or day as `00`; null where no year can be read.

    Read: ISO dates and timestamps, YYYYMMDD, YYYY-MM, YYYY, D/M/YYYY and M/D/YYYY (the day first where both are
    possible: the
    comparison knows swapped days and months). Month 13 or day 32 is kept: it is a typing error of a date, and
    comparable as such.
    """
    import polars as pl

    text = series.str.strip_chars().str.slice(0, 32).str.replace(r"\.0$", "")
    iso = text.str.extract_groups(r"^(\d{4})[-/. ](\d{1,2})(?:[-/. ](\d{1,2}))?(?:[T ].*)?$")
    solid = text.str.extract_groups(r"^([12]\d{3})(\d{2})(\d{2})$")
    day_first = text.str.extract_groups(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ].*)?$")
    year = text.str.extract(r"^([12]\d{3})$", 1)
    frame = pl.DataFrame({"year": year}).with_columns(
        **{f"i{k}": iso.struct.field(str(k)) for k in (1, 2, 3)},
        **{f"s{k}": solid.struct.field(str(k)) for k in (1, 2, 3)},
        **{f"d{k}": day_first.struct.field(str(k)) for k in (1, 2, 3)},
    )
    american = (pl.col("d1").cast(pl.Int32) <= 12) & (pl.col("d2").cast(pl.Int32) > 12)
    parts = frame.select(
        y=pl.coalesce("i1", "s1", "d3", "year"),
        m=pl.coalesce("i2", "s2", pl.when(american).then("d1").otherwise("d2"), pl.lit("00")).str.zfill(2),
        d=pl.coalesce("i3", "s3", pl.when(american).then("d2").otherwise("d1"), pl.lit("00")).str.zfill(2),
    )
    date = parts.select(pl.col("y") + pl.col("m") + pl.col("d")).to_series()
    bad = date.is_in([p.replace("-", "") for p in placeholders]) | ~parts["y"].cast(pl.Int32).is_between(1800, 2200)
    return pl.select(pl.when(date.is_not_null() & ~bad.fill_null(True)).then(date)).to_series()


def swapped(series: pl.Series) -> pl.Series:
    """Distinct clean dates with day and month in ascending order: the same for a date and its day-month swap."""
    import polars as pl

    month, day = series.str.slice(4, 2), series.str.slice(6, 2)
    low = pl.when(month < day).then(month).otherwise(day)
    high = pl.when(month < day).then(day).otherwise(month)
    return pl.select(series.str.slice(0, 4) + low + high).to_series()
