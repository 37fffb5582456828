"""Run a simulation: build the world, write the nights, write the truth."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable

from simulator.errors import OutputError
from simulator.settings import ObjectCount, SimulationSettings, SimulationSummary

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]


def run(settings: SimulationSettings, progress: Progress | None = None) -> SimulationSummary:
    """Write all files of `settings`; `progress(what, done, total)` is called before each piece of work."""
    from simulator.exports import objects_of, platforms_of, write_object
    from simulator.truth import write_truth
    from simulator.world import build_world
    from simulator.writing import Ledger

    began = time.perf_counter()
    report: Progress = progress or (lambda what, done, of: None)
    output = settings.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output} is not an empty folder: name a new one, or empty it first")
    output.mkdir(parents=True, exist_ok=True)
    report("the people and their journeys", 0, settings.nights + 2)
    world = build_world(settings)
    objects = objects_of(platforms_of(world))
    total = settings.nights * len(objects) + 2
    ledger = Ledger()
    done = 1
    for night in range(settings.nights):
        for item in objects:
            report(f"{settings.night_date(night)} {item.platform} {item.name}", done, total)
            write_object(world, item, night, output, ledger)
            done += 1
    report("the truth", done, total)
    write_truth(world, ledger)
    report("done", total, total)
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for file in ledger.files:
        entry = counts[file.platform, file.object]
        entry[0] += 1
        entry[1] += file.rows
        entry[2] += file.bytes
    return SimulationSummary(
        output,
        settings.first_date,
        settings.last_date,
        len(world.persons),
        int(world.persons.household.max()) + 1,
        len(world.shop) + len(world.till),
        len(world.steps),
        len(ledger.faults),
        time.perf_counter() - began,
        tuple(ObjectCount(p, o, *values) for (p, o), values in counts.items()),
    )
