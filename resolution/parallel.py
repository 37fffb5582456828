"""All cores for array work: threads, since numpy, polars and rapidfuzz let go of the interpreter while they compute.

No processes are forked: the libraries' own threads do not survive that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def workers(jobs: int = 0) -> int:
    """Threads to use: `jobs`, or every core that this process may use where it is 0."""
    if jobs > 0:
        return jobs
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(tasks: Sequence[Callable[[], T]], jobs: int = 0) -> list[T]:
    """Results of the tasks, in their order. The first error is raised. Tasks must not depend on each other."""
    threads = min(workers(jobs), len(tasks))
    if threads <= 1:
        return [task() for task in tasks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda task: task(), tasks))
