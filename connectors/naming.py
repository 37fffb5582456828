"""One rule from header or JSON path to column name: `Billing Zip` → `billing_zip`, `via.rel` → `via_rel`."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_OTHER = re.compile(r"[^0-9a-z]+")


def snake_case(text: str) -> str:
    """Lower case words joined by `_`; camelCase and punctuation separate words. May be empty."""
    return _OTHER.sub("_", _CAMEL.sub(r"\1_\2", text.strip()).lower()).strip("_")
