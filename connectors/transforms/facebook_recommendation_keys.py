"""Recommendations of a Facebook page: they have no id of their own (platforms.md, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.facebook_post_keys import key_of
from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb

# Who and when; without a reviewer its story; without that, the content itself.
_ID = "coalesce(reviewer_id || '@' || created_time, open_graph_story_id, 'row:' || _content)"


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills recommendation_id and person_key."""
    return Filled(connection, {"recommendation_id": _ID, "person_key": key_of("reviewer_id")}, needs_content=True)
