"""A fingerprint of the rules: the dbt files whose change can change what customers' rows look like."""

from __future__ import annotations

import hashlib
from pathlib import Path

from warehouse.settings import settings

# Models by layer. Seeds, macros and dbt_project.yml (its vars) count for every layer; other .yml files do not.
MARTS_FOLDERS = ("core", "journeys", "facts")
FOLDERS = {
    "persons": ("models/staging", "models/intermediate"),
    "touchpoints": ("models/staging", "models/intermediate"),
    "marts": tuple(f"models/marts/{folder}" for folder in MARTS_FOLDERS),
    "answers": ("models/marts",),  # the answers read the facts: whose rules changed, changes them
    "affected": ("models/intermediate", "models/marts"),
    "seeds": (),
}


def rules_hash(layer: str = "affected", project: Path | None = None) -> str:
    """32 hex digits over the names and contents of the layer's rule files (line ends made equal)."""
    root = project or settings().dbt_project
    paths = {root / "dbt_project.yml", *(root / "seeds").rglob("*.csv")}
    if layer != "seeds":
        paths |= set((root / "macros").rglob("*.sql"))
    for folder in FOLDERS[layer]:
        paths |= set((root / folder).rglob("*.sql"))
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:32]


def rules_number(value: str) -> int:
    """The fingerprint as a number for ops.watermarks (its first 62 bits)."""
    return int(value[:16], 16) >> 2
