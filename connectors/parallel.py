"""Pull several platforms at once: one process each, as many at a time as cores and memory allow.

Processes are forks of a helper that has imported the libraries every pull needs and nothing else: starting one is
cheap, and neither threads nor connections of the caller get into it. Whatever happens to one, even if the system ends
it, the others go on.
"""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from connectors.errors import ConnectorsError
from connectors.pulling import PullOutcome, pull

log = logging.getLogger(__name__)
WORKER_MB = 1024  # what one pull may take: a large export streams in less
MEMORY = "JOURNEYLINE_PULL_MEMORY_MB"
# Imported once by the helper: these hold no connections and no threads.
_WARM = ["psycopg", "pandas", "great_expectations", "connectors.pulling"]


@dataclass(frozen=True, slots=True)
class PulledPlatform:
    """What became of one platform. outcome: None when the pull as a whole failed; error: then why."""

    platform: str
    outcome: PullOutcome | None
    error: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.outcome is not None and self.outcome.passed

    @property
    def line(self) -> str:
        """For people: figures of the pull."""
        if self.outcome is None:
            return f"{self.platform:<18} failed in {self.seconds:.1f} s"
        counts = self.outcome.counts
        parts = [f"{counts['batches']} batch{'es' if counts['batches'] != 1 else ''}", f"{counts['rows_read']:,} rows"]
        parts += [f"{counts[name]:,} {name}" for name in ("refused", "missing", "repeated") if counts[name]]
        parts += [f"{counts['rows_rejected']:,} rows rejected"] if counts["rows_rejected"] else []
        return f"{self.platform:<18} {', '.join(parts)} in {self.seconds:.1f} s"


def most_jobs(wanted: int | None = None) -> int:
    """How many pulls may run at once: what is wanted, default the cores; bounded by memory.

    JOURNEYLINE_PULL_MEMORY_MB: what all pulls together may take; default three quarters of the machine's memory.
    """
    given = os.environ.get(MEMORY)
    if given and not given.isdigit():
        raise ConnectorsError(f"{MEMORY} is {given!r}; write megabytes, like 4096.")
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    memory = int(given) if given else machine * 3 // 4
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(wanted or cores, memory // WORKER_MB))


def pull_platforms(
    platforms: Sequence[str], export_date: dt.date | str, exports: str | None = None, jobs: int | None = None
) -> Iterator[PulledPlatform]:
    """Pull every platform; yields in the order given, each as soon as it and those before it are done.

    Raises ConnectorsError for a wrong setting only: what goes wrong with a platform is in its result.
    """
    return run_each(platforms, partial(_pull, export_date=export_date, exports=exports), most_jobs(jobs))


def run_each(platforms: Sequence[str], work: Callable[[str], PullOutcome], jobs: int) -> Iterator[PulledPlatform]:
    """The same with any work, which another process must be able to import."""
    if jobs == 1 or len(platforms) < 2:
        yield from (_here(platform, work) for platform in platforms)
        return
    import warehouse

    warehouse.warehouse_url()  # started once, here
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_WARM)
    waiting, done = list(platforms), dict[str, PulledPlatform]()
    running: dict[Connection, tuple[str, Any, float]] = {}
    order = iter(platforms)
    upcoming = next(order, None)
    try:
        while upcoming is not None:
            while waiting and len(running) < jobs:
                platform = waiting.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=_there, args=(platform, work, theirs, dict(os.environ)), name=f"pull {platform}"
                )
                process.start()
                theirs.close()
                running[ours] = (platform, process, time.monotonic())
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                platform, process, started = running.pop(ready)
                done[platform] = _result(ready, platform, process, time.monotonic() - started)
            while upcoming in done:
                yield done[upcoming]
                upcoming = next(order, None)
    finally:
        for _, process, _ in running.values():
            process.terminate()
            process.join()


def _pull(platform: str, export_date: dt.date | str, exports: str | None) -> PullOutcome:
    return pull(platform, export_date, exports)


def _here(platform: str, work: Callable[[str], PullOutcome]) -> PulledPlatform:
    started = time.monotonic()
    outcome, error = _tried(platform, work)
    return PulledPlatform(platform, outcome, error, time.monotonic() - started)


def _tried(platform: str, work: Callable[[str], PullOutcome]) -> tuple[PullOutcome | None, str]:
    import warehouse

    try:
        return work(platform), ""
    except (ConnectorsError, warehouse.WarehouseError) as error:
        return None, str(error)
    except Exception as error:  # a defect; its text may quote values
        log.error("%s: unexpected %s", platform, type(error).__name__)
        return None, f"{platform}: unexpected {type(error).__name__}; pull it alone to see where: `pull {platform}`."


def _there(
    platform: str, work: Callable[[str], PullOutcome], answer: Connection, environment: Mapping[str, str]
) -> None:
    """In the other process: work under the caller's environment as it is now, and answer."""
    os.environ.clear()
    os.environ.update(environment)
    answer.send(_tried(platform, work))
    answer.close()


def _result(answer: Connection, platform: str, process: Any, seconds: float) -> PulledPlatform:
    try:
        outcome, error = answer.recv()
    except EOFError:
        process.join()
        outcome, error = None, (
            f"{platform}: its process ended without an answer (code {process.exitcode}): most likely memory ran out."
            f" Use fewer --jobs, or a smaller {MEMORY}."
        )  # fmt: skip
    answer.close()
    process.join()
    return PulledPlatform(platform, outcome, error, seconds)
