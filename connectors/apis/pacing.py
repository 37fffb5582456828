"""Not faster than the vendor allows: budgets of calls, usage headers, and how long an answer asks to wait."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.apis.clock import Clock
from connectors.apis.rules import Limits, Usage

log = logging.getLogger(__name__)


class Pace:
    """When the next call may go out. One per connection and set of limits."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits, self.clock = limits, clock
        self._sent: list[deque[float]] = [deque() for _ in limits.budgets]
        self._not_before = 0.0

    def wait(self) -> float:
        """Sleep until a call is allowed, count it, and return the seconds slept."""
        slept = 0.0
        while (seconds := self.seconds()) > 0:
            self.clock.sleep(seconds)
            slept += seconds
        now = self.clock.time()
        for sent in self._sent:
            sent.append(now)
        return slept

    def seconds(self) -> float:
        """How long the next call must wait, as things are."""
        now = self.clock.time()
        seconds = self._not_before - now
        for budget, sent in zip(self.limits.budgets, self._sent, strict=True):
            while sent and sent[0] + budget.seconds <= now:
                sent.popleft()
            if len(sent) >= budget.calls:
                seconds = max(seconds, sent[0] + budget.seconds - now)
        return seconds

    def hold(self, seconds: float) -> None:
        """No call for so long."""
        self._not_before = max(self._not_before, self.clock.time() + seconds)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take from an answer's headers how much is used or left."""
        for usage in self.limits.usage:
            if text := headers.get(usage.header.lower()):
                used, minutes = read_usage(usage, text)
                if minutes > 0:
                    self.hold(minutes * 60)
                elif used >= usage.pause_above:
                    log.info("%s: %d %% of the vendor's limit are used: pausing", usage.header, used)
                    self.hold(usage.pause_seconds)
                elif used >= usage.slow_above:
                    self.hold(usage.slow_seconds)
        for remaining in self.limits.remaining:
            left, reset = headers.get(remaining.header.lower()), headers.get(remaining.reset.lower())
            if left is not None and reset is not None and _number(left) < remaining.below:
                self.hold(_number(reset))

    def asked_to_wait(self, headers: Mapping[str, str]) -> float | None:
        """Seconds that Retry-After (or a usage header) asks for; None when it says nothing."""
        for name in self.limits.retry_after:
            if text := headers.get(name.lower()):
                seconds = self._delay(text)
                if seconds is not None:
                    return max(seconds, 0.0)
        waits = [
            read_usage(usage, text)[1] * 60
            for usage in self.limits.usage
            if (text := headers.get(usage.header.lower()))
        ]
        return max(waits, default=0.0) or None

    def _delay(self, text: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            pass
        try:
            return parsedate_to_datetime(text).timestamp() - self.clock.time()
        except (ValueError, TypeError):
            return None


def read_usage(usage: Usage, text: str) -> tuple[float, float]:
    """(highest percentage, minutes to wait) of a usage header; (0, 0) when it cannot be read."""
    try:
        document = json.loads(text)
    except ValueError:
        return 0.0, 0.0
    used = max(_numbers(document, usage.percent), default=0.0)
    minutes = max(_numbers(document, (usage.regain,) if usage.regain else ()), default=0.0)
    return used, minutes


def _numbers(document: Any, keys: tuple[str, ...]) -> list[float]:
    """Values of these keys at any depth."""
    if isinstance(document, list):
        return [number for part in document for number in _numbers(part, keys)]
    if not isinstance(document, Mapping):
        return []
    own = [_number(value) for key, value in document.items() if key in keys]
    return own + [number for value in document.values() for number in _numbers(value, keys)]


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
