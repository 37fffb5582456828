"""Person names: titles and suffixes removed, full names split, nicknames led back to the names they stand for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.standardise.columns import Column
from resolution.standardise.text import words

if TYPE_CHECKING:
    import polars as pl

TITLES = (
    r"^(?:(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|herr|frau|mme|mlle|sr|sra|srta|don|dona|rev|capt|ing|dipl) )+"
)
SUFFIXES = r"(?: (?:jr|sr|ii|iii|iv|phd|md|esq|mba|dds))+$"
HANDLE = r"^\s*[^\s,]*[0-9_@][^\s,]*\s*$"
"""One word with a digit, an underscore or an at sign: how accounts are named, not people."""
PARTICLES = (
    "van der",
    "van den",
    "van de",
    "von der",
    "von dem",
    "de la",
    "de los",
    "de las",
    "van",
    "von",
    "de",
    "del",
    "della",
    "di",
    "da",
    "dos",
    "du",
    "la",
    "le",
    "el",
    "al",
    "bin",
    "ibn",
    "ben",
    "st",
    "mac",
    "mc",
    "ter",
    "ten",
    "zu",
)
# Pairs that the nicknames package lacks; each row: name, short forms.
MORE_NICKNAMES = {
    "muhammad": "mohammed mohamed mohammad muhamed mohamad",
    "aleksander": "sasha alex olek",
    "alexander": "sasha sascha",
    "giuseppe": "beppe peppe",
    "francesco": "franco cesco",
    "francisco": "paco pancho",
    "jose": "pepe",
    "ignacio": "nacho",
    "johannes": "hannes hans johann",
    "wolfgang": "wolf",
    "friedrich": "fritz",
    "heinrich": "heinz",
    "katharina": "kathi katja",
    "guillermo": "memo",
    "enrique": "quique",
    "jesus": "chuy",
    "dolores": "lola",
    "maria": "mia",
    "ekaterina": "katya katia",
    "dmitri": "dima",
    "vladimir": "vova volodya",
    "evie": "evelyn eve",
    "freddie": "fred frederick",
    "alfie": "alfred",
    "archie": "archibald",
    "theo": "theodore",
    "ollie": "oliver",
    "charlie": "charles charlotte",
    "lottie": "charlotte",
}


def clean_names(series: pl.Series) -> pl.Series:
    """Distinct names cleaned: `Dr. Zoë O’Brien-Smith Jr.` → `zoe obrien smith`."""
    import polars as pl

    plain = words(series.str.replace_all(r"[’‘´]", "'"))
    stripped = plain.str.replace(TITLES, "").str.replace(SUFFIXES, "")
    # A bare title may be somebody's name after all (family name Sir, given name Dean).
    return pl.select(pl.when(stripped.str.len_chars() > 0).then(stripped).otherwise(plain)).to_series()


def split_full_names(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Distinct raw full names → (given, family). `Last, First` is understood; particles stay with the family name.

    A name of an account (`the.john7262`, an address), which platforms give where they know no name, is none.
    """
    import polars as pl

    series = pl.select(pl.when(~series.str.contains(HANDLE)).then(series)).to_series()
    comma = series.str.extract(r"^\s*([^,]+),\s*[^,]+$", 1)
    after = series.str.extract(r"^\s*[^,]+,\s*([^,]+)$", 1)
    suffix = words(after.fill_null("")).is_in(["jr", "sr", "ii", "iii", "iv", "phd", "md", "esq"])
    reversed_ = after.is_not_null() & ~suffix
    whole = clean_names(series)
    particles = "|".join(PARTICLES)
    family = whole.str.extract(rf" ((?:(?:{particles}) )*[a-z0-9]+)$", 1)
    given = whole.str.replace(rf" (?:(?:{particles}) )*[a-z0-9]+$", "")
    frame = pl.DataFrame(
        {
            "reversed": reversed_,
            "comma": clean_names(comma),
            "after": clean_names(after),
            "given": given,
            "family": family,
        }
    )
    result = frame.select(
        given=pl.when("reversed").then("after").otherwise("given"),
        family=pl.when("reversed").then("comma").otherwise("family"),
    )
    return result["given"], result["family"]


@cache
def nickname_roots() -> dict[str, tuple[str, ...]]:
    """Name → formal names it may stand for (a formal name stands for itself). Source: the `nicknames` package and
    MORE_NICKNAMES.
    """
    from nicknames import NickNamer

    lookup = {name: set(short) for name, short in NickNamer.default_lookup().items()}
    for name, more in MORE_NICKNAMES.items():
        lookup.setdefault(name, set()).update(more.split())
    roots: dict[str, set[str]] = {}
    for name, short in lookup.items():
        roots.setdefault(name, set()).add(name)
        for nickname in short:
            roots.setdefault(nickname, set()).add(name)
    return {name: tuple(sorted(found)) for name, found in roots.items()}


@cache
def _main_root() -> dict[str, str]:
    """Name → the one formal name used as blocking key: the one with most short forms, ties by alphabet."""
    roots = nickname_roots()
    size: dict[str, int] = {}
    for found in roots.values():
        for root in found:
            size[root] = size.get(root, 0) + 1
    return {name: min(found, key=lambda root: (-size[root], root)) for name, found in roots.items()}


def main_roots(values: npt.NDArray[np.object_]) -> list[str]:
    """For each distinct given name the formal name of its first word."""
    table = _main_root()
    return [table.get(first, first) for first in (str(v).split(" ", 1)[0] for v in values)]


def nickname_pairs(column: Column) -> npt.NDArray[np.int64]:
    """Sorted packed codes (low << 32 | high) of given names whose first words may stand for one formal name."""
    import polars as pl

    roots = nickname_roots()
    codes: list[int] = []
    words_: list[str] = []
    names: list[str] = []
    for code, value in enumerate(column.values):
        first = str(value).split(" ", 1)[0]
        for root in roots.get(first, ()):
            codes.append(code)
            words_.append(first)
            names.append(root)
    if not codes:
        return np.empty(0, np.int64)
    schema = {"code": pl.Int64, "word": pl.String, "root": pl.String}
    table = pl.DataFrame({"code": codes, "word": words_, "root": names}, schema=schema)
    pairs = table.join(table, on="root").filter(
        (pl.col("code") < pl.col("code_right")) & (pl.col("word") != pl.col("word_right"))
    )
    packed = pairs.select(packed=pl.col("code") * (1 << 32) + pl.col("code_right")).to_series().unique().sort()
    return packed.to_numpy()


def soundex(values: npt.NDArray[np.object_]) -> list[str | None]:
    """Soundex of the last word of each distinct value (particles do not count); null when it has no letters."""
    import jellyfish

    return [
        jellyfish.soundex(word) or None if word.isalpha() else None
        for word in (str(v).rsplit(" ", 1)[-1] for v in values)
    ]
