"""What people say: decisions on alerts, codes of sampled messages. Kept in `ops`, apart from what a night computes."""

from __future__ import annotations

import csv
import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from journeys.errors import TextError

SHEET = ("touchpoint_id", "channel", "stage_code", "week_start", "sample_weight", "redacted_text")
CODES = ("sentiment_class", "intent", "topic", "note")
_CLASSES = ("positive", "neutral", "negative")


def read_alerts(*, everything: bool = False) -> list[tuple[Any, ...]]:
    """alert_id, kind, channel, raised_at, risk, reach, first_response_at, state, decision; newest first."""
    import warehouse

    with warehouse.connect(name="journeyline alerts") as connection:
        return connection.execute(
            "select alert_id, kind, channel, to_char(raised_at, 'YYYY-MM-DD HH24:MI'), round(risk, 2), reach,"
            " to_char(first_response_at, 'YYYY-MM-DD HH24:MI'),"
            " case when closed_at is not null then 'closed' when acknowledged_at is not null then 'acknowledged'"
            " else 'open' end, decision"
            " from marts.alert where %s or closed_at is null order by raised_at desc, alert_id",
            (everything,),
        ).fetchall()


def note_decision(alert_id: str, action: str, who: str, decision: str | None, at: dt.datetime | None = None) -> None:
    """Append what somebody did about an alert (acknowledged, decided, closed); at: default, now.

    Raises TextError when there is no such alert.
    """
    import warehouse

    try:
        key = uuid.UUID(alert_id)
    except ValueError:
        raise TextError(f"{alert_id!r} is no alert id: `python -m journeys alerts list` shows them.") from None
    with warehouse.connect(name="journeyline alerts") as connection:
        if connection.execute("select 1 from marts.fct_alerts where alert_id = %s", (key,)).fetchone() is None:
            raise TextError(f"There is no alert {key}: `python -m journeys alerts list --all` shows them.")
        connection.execute(
            "insert into ops.alert_decisions (alert_id, action, decided_by, decision, decided_at)"
            " values (%s, %s, %s, %s, coalesce(%s, clock_timestamp()))",
            (key, action, who, decision, at),
        )


def export_sheet(path: Path) -> int:
    """The sample as CSV with blank columns for codes, in order of the messages' ids; returns its messages."""
    import warehouse

    with warehouse.connect(name="journeyline coding sheet") as connection:
        rows = connection.execute(
            "select touchpoint_id, channel, stage_code, week_start, sample_weight, redacted_text from marts.qual_sample"
            " where not is_suppressed order by touchpoint_id"
        ).fetchall()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*SHEET, *CODES])
        for row in rows:
            writer.writerow([*("" if value is None else _cell(str(value)) for value in row), *("" for _ in CODES)])
    return len(rows)


def _cell(value: str) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def import_sheet(path: Path, coder: str) -> int:
    """Codes of a sheet into ops.message_labels; rows without any code are passed over. Returns the messages coded.

    Raises TextError with line and column; then nothing is stored.
    """
    import warehouse

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"touchpoint_id", *CODES} - set(reader.fieldnames or ())
        if missing:
            raise TextError(f"{path}: column {min(missing)} is missing: export the sheet again.")
        rows = [_codes(path, number, row) for number, row in enumerate(reader, start=2)]
    coded = [(*row, coder) for row in rows if row is not None]
    with warehouse.connect(name="journeyline coding sheet") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.message_labels (touchpoint_id, sentiment_class, intent, topic, note, coder)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (touchpoint_id, coder) do update set"
            " (sentiment_class, intent, topic, note, labelled_at) = (excluded.sentiment_class, excluded.intent,"
            " excluded.topic, excluded.note, clock_timestamp())",
            coded,
        )
    return len(coded)


def _codes(path: Path, line: int, row: dict[str, str]) -> tuple[Any, ...] | None:
    from journeys.text.seeds import word_lists

    codes = [(row[name] or "").strip() or None for name in CODES]
    if not any(codes):
        return None
    try:
        key = uuid.UUID(row["touchpoint_id"])
    except ValueError:
        raise TextError(f"{path}, line {line}, touchpoint_id: no id; leave this column as it was exported.") from None
    lists = word_lists()
    known = (_CLASSES, [name for name, _ in lists.intents], [name for name, _ in lists.topics])
    for name, code, choice in zip(CODES, codes, known, strict=False):
        if code is not None and code not in choice:
            raise TextError(f"{path}, line {line}, {name}: {code!r} is unknown; write one of {', '.join(choice)}.")
    return (key, *codes)
