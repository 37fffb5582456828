"""Messenger messages: which side is the page, and who is the other one (platforms.md, 2).

The page is named by the exporter, by the thread's link (`/<page>/inbox/…`), or by the tag: `inbox` stands on what the
page received, `sent` on what it wrote. Where none of them tells, the message names nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb

_TAGGED = "list_contains(json_extract_string(tags, '$.data[*].name'), '{}')"


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills page_id, is_from_page, person_id, person_name and person_key."""
    inbox, sent = _TAGGED.format("inbox"), _TAGGED.format("sent")
    return Filled(
        connection,
        {
            "page_id": r"coalesce(page_id, nullif(regexp_extract(link, '^/?(\d+)/inbox', 1), ''),"
            f" case when {inbox} then to_id when {sent} then from_id end)"
        },
        {"is_from_page": "case when page_id in (from_id, to_id) then (from_id = page_id)::varchar end"},
        {
            "person_id": "case is_from_page when 'true' then to_id when 'false' then from_id end",
            "person_name": "case is_from_page when 'true' then to_name when 'false' then from_name end",
        },
        {"person_key": "page_id || ':' || person_id"},
    )
