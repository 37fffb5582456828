"""All cores for array work: threads, since numpy, polars and rapidfuzz let go of the interpreter while they compute.

No processes are forked: the libraries' own threads do not survive that.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")


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


def map_in_order(work: Callable[[S], T], items: Iterable[S], jobs: int = 0) -> Iterator[T]:
    """Results of `work` for each item, in their order, with as many items in work (and in memory) as there are threads,
    and one more.
    """
    threads = workers(jobs)
    if threads <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
