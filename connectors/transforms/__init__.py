"""Named transforms: what an export needs that its contract cannot say in YAML.

A transform is made once per file and called for each block of it, in file order. It gets a DuckDB connection and an
Arrow table of text cells (the contract's columns, `_line`, `_row`, `_extra`, and `_content` if it asks for it) and
returns the table with its derived columns filled, as text, in the same order. A new one is a module beside this file
that is named in `_TRANSFORMS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TRANSFORMS = (
    "facebook_comment_keys",
    "facebook_conversation_keys",
    "facebook_message_keys",
    "facebook_post_keys",
    "facebook_reaction_keys",
    "facebook_recommendation_keys",
    "ga4_event_keys",
    "invoice_lines",
    "mention_authors",
    "recipient_keys",
    "reviewer_keys",
    "segment_message_keys",
    "shopify_customer_keys",
    "shopify_order_lines",
)


class Transform(Protocol):
    """Fills derived columns; may remember things between the blocks of one file."""

    needs_content: bool  # wants `_content`: md5 of the whole row as it came

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None: ...

    def __call__(self, cells: pa.Table) -> pa.Table: ...


def names() -> tuple[str, ...]:
    """Names a contract may write under `transform`."""
    return _TRANSFORMS


def load(name: str, connection: duckdb.DuckDBPyConnection) -> Transform:
    """A fresh transform for one file."""
    from importlib import import_module

    return import_module(f"connectors.transforms.{name}").transform(connection)
