"""Reading YAML: settings are read in every run, and libyaml's parser takes a tenth of the time of Python's."""

from __future__ import annotations

from typing import Any


def parse_yaml(text: str) -> Any:
    """The document of a YAML text, plain values only. Raises yaml.YAMLError."""
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
