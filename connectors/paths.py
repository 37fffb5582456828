"""Paths in a contract: keys joined by dots, with positions and selections: `to.data[0].id`, `params[key=id].value`.

`^.x` is x of the enclosing record, where rows are elements of a list inside a record. `[key=id]` is the first element
of a list of objects whose `key` is `id`: how Google Analytics, Lead Ads, Shopify's note attributes and others do it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STEP = re.compile(r"([^.\[\]^=;'\"\\\x00-\x1f]+)((?:\[[^\[\]]+\])*)(?:\.|$)")
_SELECTOR = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Selection:
    """The first element of a list whose `key` is `value`."""

    key: str
    value: str


Step = str | Selection


def steps(path: str) -> list[Step]:
    """`to.data[0].id` → ['to', 'data', '0', 'id']; a leading `^.` is no step. Raises ValueError for what is no path."""
    text = path.removeprefix("^.")
    found: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if not match or (match.end() == len(text) and text.endswith(".")):
            raise ValueError(
                f"{path!r} is no header or path; write keys joined by dots, like via.source.rel, to.data[0].id or"
                " field_data[name=email].values[0]"
            )
        found.append(match[1])
        for selector in _SELECTOR.findall(match[2]):
            key, mark, value = selector.partition("=")
            found.append(Selection(key, value) if mark else selector)
            if not mark and not selector.isdigit():
                raise ValueError(f"{path!r}: write a position like [0] or a selection like [name=email]")
        position = match.end()
    if not found:
        raise ValueError("a path is empty; remove it")
    return found


def pointer(path: str | list[Step]) -> str:
    """JSON pointer (RFC 6901) of a path without selections, or of its steps."""
    keys = steps(path) if isinstance(path, str) else path
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
