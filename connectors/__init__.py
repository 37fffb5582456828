"""How each platform's nightly export is described, fetched, parsed and landed. See README.md beside this file."""

from connectors.contracts import PlatformContract, load_contract, platforms, table_spec
from connectors.errors import ConnectorsError, ContractError
from connectors.landing import LandedBatch, land
from connectors.pulling import PullOutcome, audit_and_promote, pull
from connectors.tables import prepare_tables

__all__ = [
    "ConnectorsError",
    "ContractError",
    "LandedBatch",
    "PlatformContract",
    "PullOutcome",
    "audit_and_promote",
    "land",
    "load_contract",
    "platforms",
    "prepare_tables",
    "pull",
    "table_spec",
]
