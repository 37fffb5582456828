"""Where exports lie: one interface, one module per kind of place. Addresses and connections: docs/places.md."""

from connectors.places.base import ExportFile, Place, is_data
from connectors.places.folder import LocalFolder
from connectors.places.opening import kind_of, open_place

__all__ = ["ExportFile", "LocalFolder", "Place", "is_data", "kind_of", "open_place"]
