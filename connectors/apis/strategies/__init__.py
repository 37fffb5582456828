"""How an endpoint is pulled: page by page, or a vendor's own way of making files. One module per way, named in YAML."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from connectors.errors import ContractError

if TYPE_CHECKING:
    from connectors.apis.pages import Job

_STRATEGIES = {
    "pages": "connectors.apis.pages:pull_pages",
    "shopify_bulk": "connectors.apis.strategies.shopify_bulk:pull_bulk",
    "youtube_reporting": "connectors.apis.strategies.youtube_reporting:pull_reports",
}


def strategy(name: str) -> Callable[[Job], None]:
    """The function that runs a job. Raises ContractError for an unknown name."""
    if name not in _STRATEGIES:
        raise ContractError(f"unknown strategy {name!r}; write one of {', '.join(sorted(_STRATEGIES))}.")
    module, _, function = _STRATEGIES[name].partition(":")
    found: Callable[[Job], None] = getattr(import_module(module), function)
    return found
