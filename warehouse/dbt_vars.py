"""The brand's settings: `vars` of dbt_project.yml, for rooms that must agree with the dbt models."""

from __future__ import annotations

from typing import Any

from warehouse.settings import settings


def project_vars() -> dict[str, Any]:
    """All vars by name, as dbt reads them. Those of a night (export_date …) hold their defaults only."""
    import yaml

    text = (settings().dbt_project / "dbt_project.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["vars"]
    return found
