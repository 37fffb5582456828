"""What a long run is doing, and how long each step took. Steps announce themselves; a listener shows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, float | None], None]
"""Called with a step's name and the share done: 0 at its start, 1 at its end."""
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_seconds: ContextVar[dict[str, float] | None] = ContextVar("seconds", default=None)


@contextmanager
def step(name: str) -> Iterator[Callable[[float], None]]:
    """One step of a run; yields a function that takes the share done so far (0–1)."""
    tell = _listener.get()
    began = time.perf_counter()
    if tell:
        tell(name, 0.0)
    try:
        yield (lambda share: tell(name, share)) if tell else (lambda share: None)
    finally:
        spent = _seconds.get()
        if spent is not None:
            spent[name] = round(spent.get(name, 0.0) + time.perf_counter() - began, 3)
        if tell:
            tell(name, 1.0)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds per step of everything that runs inside."""
    spent: dict[str, float] = {}
    token = _seconds.set(spent)
    try:
        yield spent
    finally:
        _seconds.reset(token)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Tell `listener` of the steps that run inside."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
