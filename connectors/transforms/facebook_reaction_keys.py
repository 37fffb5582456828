"""Reactions to Facebook posts: the page of the post, and the page-scoped key of who reacted (platforms.md, 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.facebook_post_keys import key_of, page_of
from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills page_id and person_key."""
    return Filled(
        connection, {"page_id": f"coalesce(page_id, {page_of('post_id')})"}, {"person_key": key_of("person_id")}
    )
