"""Steward decisions as data: two records are the same person, or are not. They win over every model.

They live in `identity.decisions`; a CSV seed (`left,right,verdict,author,reason`) brings in many at once. A record is
named by its key (uuid) or, readable, as `platform|record_kind|source_record_id`.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from uuid import UUID

from resolution.errors import ResolutionError

VERDICTS = ("same", "different")
SEED_PATH = Path(__file__).parent / "config" / "decisions.csv"
_HEX = re.compile(r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.IGNORECASE)


class DecisionError(ResolutionError):
    """A decision cannot be read: the message names the file, the line and what to write instead."""


class ContradictoryDecisionsError(ResolutionError):
    """Decisions both join and separate the same records; the message lists the cycle."""


@dataclass(frozen=True, order=True)
class Decision:
    """One verdict about two records, left_key < right_key."""

    left_key: str
    right_key: str
    verdict: str
    author: str
    reason: str


def record_key(name: str) -> str:
    """The key of a record named by uuid or as `platform|record_kind|source_record_id`."""
    text = name.strip()
    if _HEX.match(text):
        return str(UUID(text))
    if text.count("|") >= 2 and all(part.strip() for part in text.split("|", 2)):
        return str(UUID(md5(text.encode(), usedforsecurity=False).hexdigest()))
    raise DecisionError(f"{text!r} names no record; write its uuid or platform|record_kind|source_record_id")


def make_decision(left: str, right: str, verdict: str, author: str, reason: str) -> Decision:
    """A checked decision with its keys in order."""
    if verdict not in VERDICTS:
        raise DecisionError(f"verdict {verdict!r} is unknown; write one of {', '.join(VERDICTS)}")
    if not author.strip() or not reason.strip():
        raise DecisionError("a decision needs an author and a reason")
    a, b = sorted((record_key(left), record_key(right)))
    if a == b:
        raise DecisionError("a decision needs two different records")
    return Decision(a, b, verdict, author.strip(), reason.strip())


def read_decisions(path: Path) -> list[Decision]:
    """Decisions of a CSV file with the header left,right,verdict,author,reason."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        missing = {"left", "right", "verdict", "author", "reason"} - set(reader.fieldnames or ())
        if missing:
            raise DecisionError(f"{path.name}: column {', '.join(sorted(missing))} is missing in the header")
        decisions = []
        for row in reader:
            try:
                decisions.append(
                    make_decision(*(row[c] or "" for c in ("left", "right", "verdict", "author", "reason")))
                )
            except DecisionError as error:
                raise DecisionError(f"{path.name}, line {reader.line_num}: {error}") from None
    check_decisions(decisions)
    return decisions


def check_decisions(decisions: Iterable[Decision]) -> None:
    """Raise ContradictoryDecisionsError when A=B, B=C and A≠C (or A=B and A≠B), listing each cycle."""
    rows = sorted(decisions)
    same: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.verdict == "same":
            same[row.left_key].append(row.right_key)
            same[row.right_key].append(row.left_key)
    problems = []
    for row in rows:
        if row.verdict != "different":
            continue
        path = _path(same, row.left_key, row.right_key)
        if path:
            problems.append(f"{' = '.join(path)}, yet {row.left_key} ≠ {row.right_key} ({row.author}: {row.reason})")
    if problems:
        listed = "\n  ".join(problems[:20])
        raise ContradictoryDecisionsError(
            f"{len(problems)} decision(s) contradict others; revoke one of each cycle:\n  {listed}"
        )


def _path(same: dict[str, list[str]], start: str, goal: str) -> list[str]:
    """Shortest chain of 'same' decisions from start to goal; empty when there is none."""
    before: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == goal:
            path: list[str] = []
            step: str | None = node
            while step is not None:
                path.append(step)
                step = before[step]
            return path[::-1]
        for other in same.get(node, ()):
            if other not in before:
                before[other] = node
                queue.append(other)
    return []


def store_decisions(decisions: Iterable[Decision]) -> int:
    """Put decisions in force, in one transaction; how many are new. Raises ContradictoryDecisionsError against all
    in force.
    """
    import warehouse
    from resolution.store import lookup
    from resolution.store.read import NightReader

    rows = [(d.left_key, d.right_key, d.verdict, d.author, d.reason) for d in decisions]
    with warehouse.connect(name="decisions") as connection:
        added = lookup.add_decisions(connection, rows)
        check_decisions(Decision(*row) for row in NightReader(connection).live_decisions())
    return added


def revoke(left: str, right: str) -> bool:
    """Take the decision about a pair out of force; False when there is none."""
    import warehouse
    from resolution.store import lookup

    a, b = sorted((record_key(left), record_key(right)))
    with warehouse.connect(name="decisions") as connection:
        return lookup.revoke_decision(connection, a, b)
