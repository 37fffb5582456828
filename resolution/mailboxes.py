"""What a mailbox's name says about the person who uses it.

A local part is mostly made of its owner's names. So two alike local parts of people with one name say nothing that the
names have not said, and a mailbox named after somebody else is a shared one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.standardise.columns import Column, Standardised

if TYPE_CHECKING:
    import polars as pl

    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels
    from resolution.standardise.columns import Codes

FEWEST_LETTERS = 3
"""Shorter names are found in any text by chance."""
LONG_NAME = 7
"""From this length on a name may hold two typing errors."""


def named_after_owner(columns: Mapping[str, Column], email: str) -> npt.NDArray[np.bool_]:
    """Whether each record's local part contains its given or family name."""
    import polars as pl

    combinations, inverse = _combinations(columns, email)
    if not combinations.height:
        return np.zeros(len(inverse), bool)
    letters = pl.col("local").str.replace_all(r"[^a-z]", "")
    found = pl.lit(False)
    for part in ("given", "family"):
        name = pl.col(part).str.replace_all(r"[^a-z]", "")
        found = found | ((name.str.len_chars() >= FEWEST_LETTERS) & letters.str.contains(name, literal=True)).fill_null(
            False
        )
    return np.append(combinations.select(found).to_series().to_numpy(), False)[inverse]


def mailbox_of_another(std: Standardised, known_names: npt.NDArray[np.uint64], email: str = "email") -> np.ndarray:
    """bool[n]: records whose mailbox is named after somebody with another given name (`hannah.allen@` of a Jeffrey).

    A nickname (`ted.avila@` of an Edward) or a name with a typing error (`linda@` of a Likda) is no other name.
    known_names: hashes of given names (a trained model's list), so that any other word is not taken for a name.
    """
    import polars as pl
    from pandas.util import hash_array

    if email not in std.columns or "given" not in std.columns or not len(known_names):
        return np.zeros(std.n, bool)
    combinations, inverse = _combinations(std.columns, email)
    words = (
        combinations.with_row_index("row")
        .filter(pl.col("given").str.len_chars() > 1)
        .with_columns(word=pl.col("local").str.extract_all(rf"[a-z]{{{FEWEST_LETTERS},}}"))
        .explode("word")
        .drop_nulls("word")
    )
    if not words.height:
        return np.zeros(std.n, bool)
    own = pl.col("word").str.starts_with(pl.col("given").str.head(FEWEST_LETTERS))
    relative = pl.col("family").fill_null("").str.split(" ").list.contains(pl.col("word"))
    is_name = np.isin(hash_array(words["word"].to_numpy().astype(object), categorize=False), known_names)
    judged = words.select("row", "word", "given", own=own, other=pl.Series(is_name) & ~own & ~relative)
    judged = judged.join(_same_names(judged, known_names), on=["word", "given"], how="left", nulls_equal=True).select(
        "row", own=pl.col("own") | pl.col("same").fill_null(False), other="other"
    )
    other = (
        judged.group_by("row").agg(pl.col("own").any(), pl.col("other").any()).filter(~pl.col("own") & pl.col("other"))
    )
    flag = np.zeros(combinations.height + 1, bool)
    flag[other["row"].to_numpy()] = True
    return flag[inverse]


def _same_names(judged: pl.DataFrame, known_names: npt.NDArray[np.uint64]) -> pl.DataFrame:
    """word, given, same: distinct pairs of a mailbox's word and a given name that are spellings of one name."""
    import polars as pl
    from pandas.util import hash_array
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    from resolution.standardise.names import nickname_roots

    pairs = judged.filter(pl.col("other")).select("word", "given").unique()
    words, given = pairs["word"].to_numpy(), pairs["given"].to_numpy()
    if not len(words):
        return pairs.with_columns(same=pl.lit(False))
    roots = nickname_roots()
    first = pairs["given"].str.split(" ").list.first().to_list()
    nickname = [not set(roots.get(w, ())).isdisjoint(roots.get(g, ())) for w, g in zip(words, first, strict=True)]
    # A given name that many people have is itself, not another name mistyped (Mario, Maria).
    unlisted = ~np.isin(hash_array(given.astype(object), categorize=False), known_names)
    allowed = np.where(pairs["word"].str.len_chars().to_numpy() >= LONG_NAME, 2, 1)
    typo = unlisted & (cpdist(words, given, scorer=OSA.distance, score_cutoff=2) <= allowed)
    return pairs.with_columns(same=pl.Series(np.array(nickname, bool) | typo))


def discount_mailboxes(
    std: Standardised, features: Sequence[LevelFeature], left: Codes, right: Codes, levels: Levels
) -> None:
    """Let a mailbox named after its owner repeat what the names said no second time; in place.

    Where both names are compared: alike local parts of such mailboxes are simply different mailboxes, one local part
    at two providers is no evidence, and a typing error counts only if the names do not differ in the same way.
    """
    from resolution.compare.features import EmailFeature

    place = {feature.label: i for i, feature in enumerate(features)}
    if "given_name" not in place or "family_name" not in place:
        return
    given, family = levels[:, place["given_name"]], levels[:, place["family_name"]]
    same_names = (given == features[place["given_name"]].top) & (family == features[place["family_name"]].top)
    alike, local, typo = (EmailFeature.labels.index(name) for name in ("local part alike", "same local part", "typo"))
    for i, feature in enumerate(features):
        if not isinstance(feature, EmailFeature):
            continue
        level = levels[:, i]
        concerned = (level == alike) | (level == local) | ((level == typo) & ~same_names)
        rows = np.flatnonzero(concerned & (given > 0) & (family > 0))
        rows = rows[_either_named(std, feature.column, left[rows], right[rows])]
        level[rows] = np.where(level[rows] == alike, EmailFeature.labels.index("different"), 0)


def _either_named(std: Standardised, email: str, left: Codes, right: Codes) -> npt.NDArray[np.bool_]:
    """Whether one of the mailboxes of each pair is named after its owner: asked of the records of these pairs only."""
    if not len(left):
        return np.zeros(0, bool)
    positions, inverse = np.unique(np.concatenate([left, right]), return_inverse=True)
    parts = {name: std.columns[name].take(positions) for name in (email, "given", "family") if name in std.columns}
    named = named_after_owner(parts, email)[inverse]
    found: npt.NDArray[np.bool_] = named[: len(left)] | named[len(left) :]
    return found


def _combinations(columns: Mapping[str, Column], email: str) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """Distinct (local part, given, family) as text, and the row of each record (the last + 1 without a mailbox).

    The local part comes from the address: the column `<email>_local` has lost the marks between words.
    """
    import pandas as pd
    import polars as pl

    parts = {"local": columns[email]}
    missing = Column.nothing(len(parts["local"].codes))
    parts |= {name: columns.get(name, missing) for name in ("given", "family")}
    known = np.flatnonzero(parts["local"].codes >= 0)
    packed = np.zeros(len(known), np.int64)
    for column in parts.values():
        packed = pd.factorize(packed * (column.size + 1) + column.codes[known] + 1)[0].astype(np.int64)
    first = np.flatnonzero(~pd.Series(packed).duplicated().to_numpy()) if len(packed) else packed
    text = {name: column.spread(column.codes[known[first]]) for name, column in parts.items()}
    inverse = np.full(len(parts["local"].codes), len(first), np.int64)
    inverse[known] = packed
    text["local"] = text["local"].str.extract(r"^([^@]+)@", 1)
    return pl.DataFrame(text), inverse
