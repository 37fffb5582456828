"""Dates of birth and other dates, also partial and mistyped ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def clean_dates(series: pl.Series, placeholders: tuple[str, ...] = ()) -> pl.Series:
    """Distinct date texts → `YYYYMMDD`, unknown month or day as `00`; null where no year can be read.

    Read: ISO dates and timestamps, YYYYMMDD, YYYY-MM, YYYY, `3 March 1985`, `March 3, 1985`, D/M/YYYY, D/M/YY and
    M/D/YYYY (the day first where both are possible: the comparison knows swapped days and months). Month 13 or day 32
    is kept: it is a typing error of a date, and comparable as such.
    """
    import polars as pl

    text = _digits(series.str.strip_chars().str.slice(0, 32).str.replace(r"\.0$", ""))
    iso = text.str.extract_groups(r"^(\d{4})[-/. ](\d{1,2})(?:[-/. ](\d{1,2}))?(?:[T ].*)?$")
    solid = text.str.extract_groups(r"^([12]\d{3})(\d{2})(\d{2})$")
    # Two digits of a year: nobody in these records is to be born in the future of 2030.
    short = text.str.extract_groups(r"^(\d{1,2}[-/. ]\d{1,2}[-/. ])(\d{2})$")
    century = pl.when(short.struct.field("2").cast(pl.Int32) > 30).then(pl.lit("19")).otherwise(pl.lit("20"))
    long = pl.select(short.struct.field("1") + century + short.struct.field("2")).to_series()
    text = pl.select(pl.coalesce(long, text)).to_series()
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
    bad = date.is_in([p.replace("-", "") for p in placeholders]) | ~parts["y"].cast(pl.Int32).is_between(1000, 2200)
    return pl.select(pl.when(date.is_not_null() & ~bad.fill_null(True)).then(date)).to_series()


MONTHS = (
    "jan(?:uary|uar|vier)?",
    "feb(?:ruary|ruar)?|fevrier",
    "mar(?:ch|s)?|maerz|märz",
    "apr(?:il)?|avril",
    "may|mai",
    "june?|juni|juin",
    "july?|juli|juillet",
    "aug(?:ust)?|aout",
    "sept?(?:ember|embre)?",
    "o[ck]t(?:ober|obre)?",
    "nov(?:ember|embre)?",
    "de[cz](?:ember|embre)?",
)


def _digits(text: pl.Series) -> pl.Series:
    """Dates with a month in words as `D/M/YYYY`; others as they are."""
    lower = text.str.to_lowercase()
    if not lower.str.contains(r"[a-zä]{3}").any():
        return text
    for number, month in enumerate(MONTHS, start=1):
        lower = lower.str.replace(
            rf"^(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+(?:{month})[-/., ]+(\d{{4}})$", rf"${{1}}/{number}/${{2}}"
        )
        lower = lower.str.replace(
            rf"^(?:{month})[-/., ]+(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+(\d{{4}})$", rf"${{1}}/{number}/${{2}}"
        )
        lower = lower.str.replace(rf"^(?:{month})[-/., ]+(\d{{4}})$", rf"${{1}}-{number:02d}")
    return lower.str.to_uppercase()


def swapped(series: pl.Series) -> pl.Series:
    """Distinct clean dates with day and month in ascending order: the same for a date and its day-month swap."""
    import polars as pl

    month, day = series.str.slice(4, 2), series.str.slice(6, 2)
    low = pl.when(month < day).then(month).otherwise(day)
    high = pl.when(month < day).then(day).otherwise(month)
    return pl.select(series.str.slice(0, 4) + low + high).to_series()
