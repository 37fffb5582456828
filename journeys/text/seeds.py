"""The word lists of the dbt project (its seeds), read and checked; their fingerprint is part of the version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from journeys.errors import TextError

FILES = ("intent_keywords", "message_intent_keywords", "topics", "topic_keywords", "sentiment_terms")


@dataclass(frozen=True, slots=True)
class WordLists:
    """intents, topics: (name, expressions of whole words), in order of rank; terms: word or phrase → valence."""

    intents: tuple[tuple[str, tuple[str, ...]], ...]
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    terms: dict[str, float]
    fingerprint: str


@cache
def word_lists(folder: Path | None = None) -> WordLists:
    """The lists of `folder` (default: the seeds of the dbt project in use).

    Raises TextError naming file, line and what to write instead.
    """
    from warehouse import settings

    root = folder or settings().dbt_project / "seeds"
    rows = {name: _read(root / f"{name}.csv") for name in FILES}
    intents = _grouped(
        [
            (row["intent"], _integer(row, "priority", name), row["keyword"], name, int(row["#"]))
            for name in FILES[:2]
            for row in rows[name]
        ]
    )
    ranks = {row["topic"]: _integer(row, "topic_rank", "topics") for row in rows["topics"]}
    unknown = [row for row in rows["topic_keywords"] if row["topic"] not in ranks]
    if unknown:
        row = unknown[0]
        raise TextError(f"topic_keywords.csv, line {row['#']}: topic {row['topic']!r} is no row of topics.csv: add it.")
    topics = _grouped(
        [
            (row["topic"], ranks[row["topic"]], row["keyword"], "topic_keywords", int(row["#"]))
            for row in rows["topic_keywords"]
        ]
    )
    terms = {row["term"].lower(): _valence(row) for row in rows["sentiment_terms"]}
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((root / f"{name}.csv").read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return WordLists(intents, topics, terms, digest.hexdigest()[:8])


def _read(path: Path) -> list[dict[str, str]]:
    """Rows with their line number in `#`."""
    import csv

    if not path.exists():
        raise TextError(f"{path} is missing: the word lists are seeds of the dbt project.")
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "#": str(number)} for number, row in enumerate(csv.DictReader(file), start=2)]


def _grouped(
    keywords: list[tuple[str, int, str, str, int]],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(name, rank, expression, file, line) → names by their lowest rank, each with its expressions in order."""
    import polars as pl

    ranks: dict[str, int] = {}
    found: dict[str, list[str]] = {}
    for name, rank, keyword, file, line in keywords:
        try:
            pl.Series([""]).str.contains(keyword, strict=True)
        except pl.exceptions.ComputeError as error:
            raise TextError(f"{file}.csv, line {line}: {keyword!r} is no regular expression: {error}") from None
        ranks[name] = min(rank, ranks.get(name, rank))
        found.setdefault(name, []).append(keyword)
    return tuple((name, tuple(sorted(found[name]))) for name in sorted(found, key=lambda n: (ranks[n], n)))


def _integer(row: dict[str, str], column: str, name: str) -> int:
    try:
        return int(row[column])
    except ValueError:
        raise TextError(f"{name}.csv, line {row['#']}, {column}: write a whole number.") from None


def _valence(row: dict[str, str]) -> float:
    try:
        value = float(row["valence"])
    except ValueError:
        value = 99.0
    if not -4 <= value <= 4:
        raise TextError(f"sentiment_terms.csv, line {row['#']}, valence: write a number from -4 to 4.")
    return value
