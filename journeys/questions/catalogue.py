"""Reading the catalogue: one YAML file per room beside this one, each a list of questions.

- number: 40                                    1 to 86; several entries may share one (asked from several sides)
  asks: Is support getting quicker?             the question in the words of the business
  tables: [social_support]                      the marts that the SQL reads
  sql: |                                        one SELECT over `marts`, named columns, ordered, a screenful
    select … from marts.social_support …
  read: How to read the answer.                 its definition and its limits
  missing: What no export can tell.             optional; without `sql` nothing can be asked, and this says why
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeys.errors import QuestionError

NUMBERS = range(1, 87)
FOLDER = Path(__file__).parent
_FIELDS = {"number", "asks", "tables", "sql", "read", "missing"}
_MARTS = re.compile(r"\bmarts\.([a-z_0-9]+)")
_OTHER = re.compile(r"\b(landing|raw|raw_history|staging|intermediate|identity|marts_next|marts_undo|ops|pg_catalog)\.")
_SECOND = re.compile(r";\s*\S")


@dataclass(frozen=True, slots=True)
class Question:
    """One entry. `sql` is None when no export holds what the question needs; then `missing` says so."""

    number: int
    asks: str
    tables: tuple[str, ...]
    read: str
    sql: str | None = None
    missing: str | None = None
    room: str = ""


def load_questions(folder: Path = FOLDER) -> list[Question]:
    """All questions in order of their numbers (then file, then place in the file).

    Raises QuestionError with file, number and what to do for an entry that cannot be asked as it stands.
    """
    import yaml

    found: list[Question] = []
    for path in sorted(folder.glob("*.yml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        if not isinstance(entries, list):
            raise QuestionError(f"{path.name}: write a list of questions, each with a number.")
        found += [_question(path, place, entry) for place, entry in enumerate(entries, start=1)]
    return sorted(found, key=lambda question: question.number)


def _question(path: Path, place: int, entry: Any) -> Question:
    if not isinstance(entry, dict):
        raise QuestionError(f"{path.name}, entry {place}: write fields ({', '.join(sorted(_FIELDS))}).")
    where = f"{path.name}, question {entry.get('number', f'at place {place}')}"
    if unknown := set(entry) - _FIELDS:
        raise QuestionError(f"{where}: unknown field {', '.join(sorted(unknown))}; choose from {sorted(_FIELDS)}.")
    if entry.get("number") not in NUMBERS:
        raise QuestionError(f"{where}: number is {entry.get('number')!r}; write 1 to {NUMBERS[-1]}.")
    if not entry.get("asks") or not (entry.get("read") or entry.get("missing")):
        raise QuestionError(f"{where}: say what it `asks` and how to `read` the answer.")
    sql, tables = entry.get("sql"), tuple(entry.get("tables") or ())
    if sql is None and not entry.get("missing"):
        raise QuestionError(f"{where}: without `sql`, `missing` must say what no export holds.")
    if sql is not None:
        _check(where, sql, tables)
    return Question(
        number=int(entry["number"]),
        asks=str(entry["asks"]).strip(),
        tables=tables,
        read=str(entry.get("read") or "").strip(),
        sql=None if sql is None else str(sql).strip().rstrip(";"),
        missing=None if entry.get("missing") is None else str(entry["missing"]).strip(),
        room=path.stem,
    )


def _check(where: str, sql: str, tables: tuple[str, ...]) -> None:
    """BI reads `marts` and nothing else, so no answer may need more; the named tables are those that are read."""
    if not re.match(r"\s*(select|with)\b", sql, re.I) or _SECOND.search(sql):
        raise QuestionError(f"{where}: write one SELECT that changes nothing.")
    if other := _OTHER.search(sql):
        raise QuestionError(f"{where}: reads {other[1]}; answers come from marts only.")
    if set(_MARTS.findall(sql)) != set(tables):
        raise QuestionError(
            f"{where}: `tables` names {sorted(tables)}, the SQL reads {sorted(set(_MARTS.findall(sql)))}."
        )
