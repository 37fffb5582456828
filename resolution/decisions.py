"""Steward decisions as data: two records are the same person, or are not. They win over every model.

They live in `identity.decisions`. They come from commands, and from every CSV file in the decisions folder
(`left,right,verdict,author,reason`), which each night reads: a row that leaves its file is revoked. A record is named
by its key (uuid) or, readable, as `platform|record_kind|source_record_id`; a golden id stands for its customer.
"""

from __future__ import annotations

import csv
import logging
import os
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from resolution.errors import ResolutionError

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
VERDICTS = ("same", "different")
FOLDER_VARIABLE = "JOURNEYLINE_DECISIONS"
COLUMNS = ("left", "right", "verdict", "author", "reason")
MOST_PAIRS = 5000
"""A decision that keeps two customers apart is one about every pair of their records; larger ones name records."""
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


def read_decisions(path: Path, author: str = "", reason: str = "") -> list[Decision]:
    """Decisions of a CSV file with the header left,right,verdict,author,reason; further columns are not looked at, and
    rows without a verdict are not decided yet (a review that is half done). author, reason: where a row has none.
    """
    usual = {"author": author, "reason": reason}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise DecisionError(f"{path.name}: column {', '.join(sorted(missing))} is missing in the header")
        decisions = []
        for row in reader:
            if not (row["verdict"] or "").strip():
                continue
            try:
                decisions.append(make_decision(*((row[c] or "").strip() or usual.get(c, "") for c in COLUMNS)))
            except DecisionError as error:
                raise DecisionError(f"{path.name}, line {reader.line_num}: {error}") from None
    check_decisions(decisions)
    return decisions


def decisions_folder() -> Path:
    """Where the installation keeps its decisions as CSV files: $JOURNEYLINE_DECISIONS, else `decisions` in its home."""
    from warehouse.settings import settings

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else settings().home / "decisions"


def check_decisions(decisions: Iterable[Decision], names: Mapping[str, str] | None = None) -> None:
    """Raise ContradictoryDecisionsError when A=B, B=C and A≠C (or A=B and A≠B), listing each cycle.

    names: readable names of records, for the message; without one a record is called by its key.
    """
    rows = sorted(decisions)
    call = (names or {}).get
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
            chain = " = ".join(call(key, key) for key in path)
            left, right = call(row.left_key, row.left_key), call(row.right_key, row.right_key)
            problems.append(f"{chain}, yet {left} ≠ {right} ({row.author}: {row.reason})")
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


def store_decisions(decisions: Iterable[Decision], source: str = "command") -> int:
    """Put decisions in force, in one transaction; how many pairs of records are new.

    Golden ids stand for customers: "same" joins the two, "different" is said about every pair of their records.
    Raises DecisionError for records and customers that the warehouse does not know, ContradictoryDecisionsError against
    all decisions in force.
    """
    import warehouse

    with warehouse.connect(name="decisions") as connection:
        rows, unknown = _about_records(connection, sorted(set(decisions)))
        if unknown:
            raise DecisionError(
                f"{len(unknown)} of the records or customers are unknown to the warehouse: {', '.join(unknown[:5])}; "
                "check the names, or run the night that brings them first"
            )
        return store_rows(connection, rows, source)


def decisions_in_force(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str, str, str]]:
    """Bring the files of the decisions folder up to date in the table, then all decisions in force: left_key,
    right_key, verdict, author, reason. Rows about unknown records are left out with a warning: they may still come.
    Raises DecisionError (file, line) and ContradictoryDecisionsError.
    """
    from resolution.store import decided

    folder = decisions_folder()
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    seeds = {path.name: read_decisions(path) for path in files}
    if seeds or decided.seed_sources(connection):
        for name, given in seeds.items():
            rows, unknown = _about_records(connection, sorted(set(given)))
            if unknown:
                log.warning("%s: %d rows name records that the warehouse does not know (yet)", name, len(unknown))
            decided.revoke_missing(connection, name, [(row.left_key, row.right_key) for row in rows])
            decided.add(connection, [(r.left_key, r.right_key, r.verdict, r.author, r.reason) for r in rows], name)
        for name in decided.seed_sources(connection) - set(seeds):
            decided.revoke_missing(connection, name, [])
    rows_now = decided.in_force(connection)
    check_decisions([Decision(*row) for row in rows_now])
    return rows_now


def revoke(left: str, right: str, author: str = "", reason: str = "") -> bool:
    """Take the decision about two records (or all between two customers) out of force; False when there is none."""
    import warehouse
    from resolution.store import decided

    a, b = sorted((record_key(left), record_key(right)))
    with warehouse.connect(name="decisions") as connection:
        if decided.revoke(connection, [(a, b)], author, reason):
            return True
        members = decided.members_of(connection, [a, b])
        pairs = [(x, y) for x in members.get(a, [a]) for y in members.get(b, [b])]
        return bool(members) and bool(decided.revoke(connection, [(min(p), max(p)) for p in pairs], author, reason))


def store_rows(connection: psycopg.Connection[Any], rows: list[Decision], source: str) -> int:
    """Put decisions about records in force, in the caller's transaction; how many are new. Cycles name records."""
    from resolution.store import decided

    added = decided.add(connection, [(r.left_key, r.right_key, r.verdict, r.author, r.reason) for r in rows], source)
    now = [Decision(*row) for row in decided.in_force(connection)]
    try:
        check_decisions(now)
    except ContradictoryDecisionsError:
        check_decisions(now, decided.names(connection, sorted({k for d in now for k in (d.left_key, d.right_key)})))
        raise
    return added


def _about_records(connection: psycopg.Connection[Any], given: list[Decision]) -> tuple[list[Decision], list[str]]:
    """(decisions about records only, keys that name neither a record nor a customer)."""
    from resolution.store import decided

    keys = sorted({key for one in given for key in (one.left_key, one.right_key)})
    known = decided.known_records(connection, keys)
    members = decided.members_of(connection, [key for key in keys if key not in known])
    unknown = [key for key in keys if key not in known and key not in members]
    rows: list[Decision] = []
    for one in given:
        if one.left_key in unknown or one.right_key in unknown:
            continue
        left, right = members.get(one.left_key, [one.left_key]), members.get(one.right_key, [one.right_key])
        if set(left) & set(right):
            raise DecisionError(f"{one.left_key} and {one.right_key} are the same customer; name two of its records")
        pairs = [(left[0], right[0])] if one.verdict == "same" else [(x, y) for x in left for y in right]
        if len(pairs) > MOST_PAIRS:
            raise DecisionError(
                f"{one.left_key} and {one.right_key} have {len(pairs)} pairs of records; name the records in question"
            )
        rows += [Decision(min(x, y), max(x, y), one.verdict, one.author, one.reason) for x, y in pairs]
    return sorted(set(rows)), unknown


def obstacles(decision: Decision) -> list[str]:
    """What keeps a "same" decision from joining the whole customers of its two records, in words; empty: nothing."""
    import warehouse
    from resolution.store import decided

    if decision.verdict != "same":
        return []
    with warehouse.connect(name="decisions") as connection:
        members = decided.members_of(connection, [decision.left_key, decision.right_key])
        left, right = (members.get(key, [key])[0] for key in (decision.left_key, decision.right_key))
        rows = decided.standing_between(connection, left, right)
        named = decided.names(connection, sorted({key for row in rows for key in row[:2]}))
    return [
        f"Only the records themselves will join: {named.get(a, a)} ≠ {named.get(b, b)} was decided ({author}: {reason})"
        for a, b, _, author, reason in rows[:10]
    ]
