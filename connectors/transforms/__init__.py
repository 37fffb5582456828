"""Named transforms: what an export needs that its contract cannot say in YAML."""

from __future__ import annotations

_NAMES = ("invoice_lines", "segment_message_keys", "shopify_customer_keys", "shopify_order_lines")


def names() -> tuple[str, ...]:
    """Names a contract may write under `transform`."""
    return _NAMES
