"""Where exports lie: one interface, one module per kind of place."""

from connectors.places.base import ExportFile, Place, open_place
from connectors.places.folder import LocalFolder

__all__ = ["ExportFile", "LocalFolder", "Place", "open_place"]
