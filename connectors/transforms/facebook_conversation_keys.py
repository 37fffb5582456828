"""Messenger threads: the one participant who is not the page (platforms.md, 2). Groups of more name nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb

_OTHERS = (
    "list_filter(from_json(json_extract(participants, '$.data'), '[\"JSON\"]'),"
    " lambda p: json_extract_string(p, '$.id') <> page_id)"
)


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills page_id, person_id, person_name and person_key."""
    one = f"case when len({_OTHERS}) = 1 then json_extract_string({_OTHERS}[1], '$.{{}}') end"
    return Filled(
        connection,
        {"page_id": r"coalesce(page_id, nullif(regexp_extract(link, '^/?(\d+)/inbox', 1), ''))"},
        {"person_id": one.format("id"), "person_name": one.format("name")},
        {"person_key": "page_id || ':' || person_id"},
    )
