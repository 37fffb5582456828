"""Where a run's time goes: seconds by phase and counts, kept with the run so that a slow night can be explained."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RunFigures:
    """Phases in the order in which they began, and counts. Measurements only: nothing is decided by them."""

    def __init__(self) -> None:
        self._phases: dict[str, list[float]] = {}
        self.counts: dict[str, int | float | str | None] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of the block to a phase: wall seconds, and CPU seconds of this process (not of the server)."""
        wall, cpu = time.perf_counter(), time.process_time()
        spent = self._phases.setdefault(name, [0.0, 0.0])
        try:
            yield
        finally:
            spent[0] += time.perf_counter() - wall
            spent[1] += time.process_time() - cpu

    def to_dict(self) -> dict[str, Any]:
        """phases: list of phase, seconds, cpu_seconds in their order; counts; peak_memory_mb of the process so far."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "phases": [
                {"phase": name, "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}
                for name, (wall, cpu) in self._phases.items()
            ],
            "counts": self.counts,
            "peak_memory_mb": round(peak),
        }

    def summary(self) -> str:
        """The phases in one line, for the log."""
        return ", ".join(f"{name} {wall:.1f} s" for name, (wall, _) in self._phases.items())
