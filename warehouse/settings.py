"""Where things are: three environment variables, nothing else (docs/architecture.md, Settings)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths and the warehouse address.

    home           everything made at run time
    warehouse_url  address of an existing PostgreSQL >= 15; None = the embedded server under `home`
    exports        folder in which the platforms' exports lie
    repository     root of the checkout (dbt project, contracts)
    """

    home: Path
    warehouse_url: str | None
    exports: Path
    repository: Path

    @property
    def dbt_project(self) -> Path:
        return self.repository / "dbt_project"

    @property
    def landing(self) -> Path:
        """Immutable copies of fetched files."""
        return self.home / "landing"


def settings() -> Settings:
    """The settings of this moment. Read from the environment at each call: cheap, and tests can change it."""
    home = Path(os.environ.get("JOURNEYLINE_HOME") or REPOSITORY / ".journeyline").expanduser().resolve()
    exports = os.environ.get("JOURNEYLINE_EXPORTS")
    return Settings(
        home=home,
        warehouse_url=os.environ.get("JOURNEYLINE_WAREHOUSE_URL") or None,
        repository=REPOSITORY,
        exports=Path(exports).expanduser().resolve() if exports else home / "exports",
    )
