"""What an object's rows are evidence of (`yields`), looked up where it is defined: identifiers, touchpoints, stages.

Reads configuration of other rooms as files, for `check` only; nothing of it decides what is loaded.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from connectors.contracts import ExportObject

_ROOT = Path(__file__).resolve().parent.parent
SEEDS = _ROOT / "dbt_project" / "seeds"
IDENTIFIERS = _ROOT / "resolution" / "config" / "identifiers.yml"


@dataclass(frozen=True, slots=True)
class TouchpointStages:
    """One touchpoint type: the stages that its rules may give (none: on purpose), and what is missing to give any."""

    touchpoint_type: str
    stages: tuple[str, ...]
    missing: str | None = None


def touchpoint_stages(export: ExportObject) -> list[TouchpointStages]:
    """What the seeds make of the object's touchpoint types."""
    types = {row["touchpoint_type"] for row in _rows("touchpoint_types.csv")}
    rules = _rows("stage_rules.csv")
    in_force = {row["taxonomy_version"] for row in _rows("taxonomies.csv") if row["is_in_force"].lower() == "true"}
    found = []
    for kind in export.yields.touchpoints:
        own = [rule for rule in rules if rule["touchpoint_type"] == kind and rule["taxonomy_version"] in in_force]
        stages = [rule["stage_key"] for rule in own if rule["stage_key"]]
        missing = None
        if kind not in types:
            missing = "has no row in dbt_project/seeds/touchpoint_types.csv"
        elif not own:
            missing = "has no rule in dbt_project/seeds/stage_rules.csv"
        found.append(TouchpointStages(kind, tuple(dict.fromkeys(stages)), missing))
    return found


def unknown_identifiers(export: ExportObject) -> list[str]:
    """Identifier types of the object that identity resolution does not know."""
    import yaml

    if not IDENTIFIERS.is_file():
        return []
    known = {entry["name"] for entry in yaml.safe_load(IDENTIFIERS.read_text(encoding="utf-8"))["types"]}
    return [kind for kind in export.yields.identifiers if kind not in known]


def _rows(name: str) -> list[dict[str, str]]:
    path = SEEDS / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
