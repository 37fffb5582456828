"""Waiting goes through one clock, so that tests do not wait and can see who came too early."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Unix seconds, and how to let them pass. Decides about waiting and reuse only, never about data."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
