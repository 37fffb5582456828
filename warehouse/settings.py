"""Where things are: four environment variables, nothing else (docs/architecture.md, Settings)."""

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
    dbt_project    the dbt models: the checkout's, or a brand's own copy of them
    """

    home: Path
    warehouse_url: str | None
    exports: Path
    repository: Path
    dbt_project: Path

    @property
    def landing(self) -> Path:
        """Immutable copies of fetched files."""
        return self.home / "landing"


def settings() -> Settings:
    """The settings of this moment. Read from the environment at each call: cheap, and tests can change it."""
    home = Path(os.environ.get("JOURNEYLINE_HOME") or REPOSITORY / ".journeyline").expanduser().resolve()
    exports = os.environ.get("JOURNEYLINE_EXPORTS")
    project = os.environ.get("JOURNEYLINE_DBT_PROJECT")
    return Settings(
        home=home,
        warehouse_url=os.environ.get("JOURNEYLINE_WAREHOUSE_URL") or None,
        repository=REPOSITORY,
        exports=Path(exports).expanduser().resolve() if exports else home / "exports",
        dbt_project=Path(project).expanduser().resolve() if project else REPOSITORY / "dbt_project",
    )
