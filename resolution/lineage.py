"""The life of a golden id, for people and for programs: where it is now, what happened to it, whose records it had."""

from __future__ import annotations

from typing import Any

from resolution.decisions import record_key
from resolution.errors import ResolutionError


class UnknownIdError(ResolutionError):
    """A golden id that was never issued."""


def lineage(golden_customer_id: str) -> dict[str, Any]:
    """golden_customer_id, status, present_id, created_date, closed_date, record_count, events, records (key, platform,
    kind, nights; no personal data). Dates are dates. Raises UnknownIdError.
    """
    import warehouse
    from resolution.store import history

    golden = record_key(golden_customer_id)
    with warehouse.connect(name="lineage") as connection:
        state = history.state_of(connection, golden)
        if state is None:
            raise UnknownIdError(f"golden customer {golden} was never issued")
        events = history.events_of(connection, golden)
        return {**state, "events": events, "records": history.records_of(connection, golden)}


def lineage_text(life: dict[str, Any]) -> str:
    """The same as lines for a person."""
    golden, present = life["golden_customer_id"], life["present_id"]
    where = {
        "live": f"alive, {life['record_count']} records",
        "merged": f"merged; its records are with {present}",
        "retired": f"retired; its records are {'with ' + present if present else 'gone'}",
        "deleted": "erased",
    }[life["status"]]
    lines = [f"{golden}: {where}", f"  since {life['created_date']}"]
    lines += [f"  {e['export_date']}  run {e['run_id']}: {_sentence(e, golden)}" for e in life["events"]]
    if life["records"]:
        lines.append("  records:")
    for record in life["records"]:
        name = f"{record['source_platform'] or 'a record that is gone'} {record['record_kind'] or ''}".strip()
        until = f"until {record['valid_to']}" if record["valid_to"] else "until now"
        now = f", now with {record['present_id']}" if record["present_id"] not in (None, golden) else ""
        lines.append(f"    {record['source_record_key']}  {name}: {record['valid_from']} {until}{now}")
    return "\n".join(lines)


def _sentence(event: dict[str, Any], golden: str) -> str:
    """One event as seen from an id."""
    moved = event["records_moved"]
    count = f"{moved} record{'' if moved == 1 else 's'}"
    kind, old, new = event["change_kind"], event["from_id"], event["to_id"]
    why = f" ({event['reason']}{': ' + ', '.join(event['evidence']) if event['evidence'] else ''})"
    if kind == "create":
        return f"created with {count}"
    if kind in ("retire", "delete"):
        return f"{'retired' if kind == 'retire' else 'erased'}: its {count} left{why}"
    if kind == "merge":
        return (f"took in {old} with {count}" if new == golden else f"merged into {new}") + why
    if kind == "revive":
        if old is None:
            return f"came back with its {count}{why}"
        return (f"came back out of {old} with {count}" if new == golden else f"gave {count} back to {new}") + why
    return (f"took {count} over from {old}" if new == golden else f"{count} went to {new}") + why
