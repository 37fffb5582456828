"""Vendors' APIs as places of exports, described in YAML: see README.md beside this file."""

from connectors.apis.description import described, load_description
from connectors.apis.place import ApiPlace

__all__ = ["ApiPlace", "described", "load_description"]
