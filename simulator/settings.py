"""What to simulate, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from simulator.errors import SettingsError

DEFAULT_FIRST_DATE = date(2026, 3, 1)
CORE = ("shopify", "instagram", "segment", "zendesk", "point_of_sale")  # platforms that the world itself is made of


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """Settings of one simulated brand.

    `customers` true persons touch the brand between `first_date - history_days` and the last night.
    Night 0 carries the whole history up to and including `first_date`; each later night what its platform
    would newly send or re-send. The same settings give byte-identical files.
    """

    customers: int
    nights: int
    seed: int
    output: Path
    history_days: int = 120
    first_date: date = DEFAULT_FIRST_DATE
    faults: bool = True
    chunk_rows: int = 100_000
    platforms: tuple[str, ...] = ()  # those to write; none named = all

    def __post_init__(self) -> None:
        if self.customers < 1:
            raise SettingsError(f"customers is {self.customers}: write a number of 1 or more")
        if self.nights < 1:
            raise SettingsError(f"nights is {self.nights}: write a number of 1 or more")
        if self.history_days < 1:
            raise SettingsError(f"history_days is {self.history_days}: write a number of 1 or more")
        if self.chunk_rows < 1000:
            raise SettingsError(f"chunk_rows is {self.chunk_rows}: write a number of 1000 or more")
        if self.platforms:
            from simulator.exports import PLUGS

            if unknown := set(self.platforms) - {*CORE, *PLUGS}:
                raise SettingsError(
                    f"platforms names {', '.join(sorted(unknown))}: choose from {', '.join((*CORE, *PLUGS))}"
                )
        if not 0 <= self.seed < 2**63:
            raise SettingsError(f"seed is {self.seed}: write a number from 0 to 2**63 - 1")

    @property
    def last_date(self) -> date:
        """Export date of the last night."""
        return self.first_date + timedelta(days=self.nights - 1)

    @property
    def start_date(self) -> date:
        """First day on which anybody touches the brand."""
        return self.first_date - timedelta(days=self.history_days)

    def night_date(self, night: int) -> date:
        """Export date of night `night` (0-based)."""
        return self.first_date + timedelta(days=night)


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """Rows and bytes of one export object over all nights."""

    platform: str
    object: str
    files: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What was written."""

    output: Path
    first_date: date
    last_date: date
    persons: int
    households: int
    orders: int
    stage_entries: int
    faults: int
    seconds: float
    objects: tuple[ObjectCount, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Rows in all export files."""
        return sum(o.rows for o in self.objects)

    @property
    def files(self) -> int:
        """Number of export files."""
        return sum(o.files for o in self.objects)
