"""How each platform's nightly export is described, fetched, parsed and landed. See README.md beside this file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.catalogue import active_platforms
    from connectors.contracts import PlatformContract, load_contract, platforms, table_spec
    from connectors.errors import ConnectorsError, ContractError
    from connectors.landing import LandedBatch, land
    from connectors.pulling import PullOutcome, audit_and_promote, pull
    from connectors.sources import Source, source_of
    from connectors.tables import prepare_tables

# Name → module. Loaded when first asked for: a scheduler that only reads `connectors.catalogue` imports nothing else.
_HOMES = {
    "ConnectorsError": "errors", "ContractError": "errors", "LandedBatch": "landing", "PlatformContract": "contracts",
    "PullOutcome": "pulling", "Source": "sources", "active_platforms": "catalogue", "audit_and_promote": "pulling",
    "land": "landing", "load_contract": "contracts", "platforms": "contracts", "prepare_tables": "tables",
    "pull": "pulling", "source_of": "sources", "table_spec": "contracts",
}  # fmt: skip

__all__ = [
    "ConnectorsError",
    "ContractError",
    "LandedBatch",
    "PlatformContract",
    "PullOutcome",
    "Source",
    "active_platforms",
    "audit_and_promote",
    "land",
    "load_contract",
    "platforms",
    "prepare_tables",
    "pull",
    "source_of",
    "table_spec",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
