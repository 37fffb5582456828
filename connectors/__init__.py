"""How each platform's nightly export is described, fetched, parsed and landed. See README.md beside this file."""

from connectors.contracts import PlatformContract, load_contract, platforms, table_spec
from connectors.errors import ConnectorsError, ContractError

__all__ = ["ConnectorsError", "ContractError", "PlatformContract", "load_contract", "platforms", "table_spec"]
