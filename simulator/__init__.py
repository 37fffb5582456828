"""A made-up direct-to-consumer brand whose true customers, journeys and planted effects are known.

Writes the nightly exports of the platforms in their real formats, and the truth beside them.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.errors import OutputError, SettingsError, SimulatorError
from simulator.settings import ObjectCount, SimulationSettings, SimulationSummary

__all__ = [
    "ObjectCount",
    "OutputError",
    "SettingsError",
    "SimulationSettings",
    "SimulationSummary",
    "SimulatorError",
    "simulate",
]


def simulate(
    settings: SimulationSettings, progress: Callable[[str, int, int], None] | None = None
) -> SimulationSummary:
    """Write the exports and the truth of `settings` into `settings.output`, which must be empty or absent.

    `progress(what, done, total)` is called before each piece of work. Raises SettingsError, OutputError.
    """
    from simulator.simulation import run

    return run(settings, progress)
