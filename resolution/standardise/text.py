"""Text cleaning over distinct values: accents, scripts, emoji, punctuation, blanks that are written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

MAX_LENGTH = 120
"""Characters kept of a value. Longer ones are noise, and would make string comparison quadratic in their length."""

BLANK_WORDS = (
    "null",
    "none",
    "nan",
    "n a",
    "na",
    "nil",
    "unknown",
    "unbekannt",
    "not provided",
    "undefined",
    "missing",
    "anonymous",
    "anonym",
    "no name",
    "noname",
    "test",
    "tbd",
    "x",
    "xx",
    "xxx",
    "xxxx",
    "deleted user",
)


def ascii_lower(series: pl.Series) -> pl.Series:
    """Lower case, emoji removed, everything else transliterated to ASCII (anyascii), cut to MAX_LENGTH characters."""
    import polars as pl

    cut = series.str.slice(0, MAX_LENGTH)
    foreign = cut.str.contains(r"[^\x00-\x7F]").fill_null(False)
    if foreign.any():
        from anyascii import anyascii

        mask = foreign.to_numpy()
        cleaned = cut.filter(foreign).str.replace_all(r"[\p{So}\p{Sk}\p{Cn}\p{Cf}\p{Co}]", "")
        values = cut.to_numpy().copy()
        values[mask] = np.array([anyascii(v)[:MAX_LENGTH] for v in cleaned.to_list()], dtype=object)
        cut = pl.Series(
            series.name, values.tolist(), dtype=pl.String
        )  # an object array that starts with None has no type
    return cut.str.to_lowercase()


def words(series: pl.Series, joined: str = "'`.") -> pl.Series:
    """Lower-case ASCII words separated by one space; characters of `joined` vanish, other punctuation parts words.

    Blanks, also those written out as words (`n/a`, `unknown`), become null.
    """
    import polars as pl

    text = ascii_lower(series)
    for character in joined:
        text = text.str.replace_all(character, "", literal=True)
    text = text.str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    blank = text.is_in([*BLANK_WORDS, ""]) | text.is_null()
    return pl.select(pl.when(~blank).then(text)).to_series()


def blank_to_null(series: pl.Series) -> pl.Series:
    """Trimmed text; empty becomes null."""
    import polars as pl

    text = series.str.strip_chars()
    return pl.select(pl.when(text != "").then(text)).to_series()
