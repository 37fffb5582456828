"""Posts on a Facebook page: the page their id begins with, and the visitor who wrote one (platforms.md, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb


def page_of(post: str) -> str:
    """Expression: page in a post's id `<page>_<post>`."""
    return rf"case when {post} like '%\_%' escape '\' then split_part({post}, '_', 1) end"


def key_of(person: str) -> str:
    """Expression: page-scoped key of somebody who is not the page itself; needs page_id."""
    return f"case when {person} <> coalesce(page_id, '') then coalesce(page_id, '') || ':' || {person} end"


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills page_id and person_key."""
    return Filled(connection, {"page_id": f"coalesce(page_id, {page_of('id')})"}, {"person_key": key_of("from_id")})
