"""Waiting and trying again: what all places that lie behind a network share."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from connectors.errors import PlaceError

log = logging.getLogger(__name__)
T = TypeVar("T")


class TransientPlaceError(PlaceError):
    """Infrastructure: a lost connection, a busy server. The same call may succeed a moment later.

    wait_seconds: what the server asked for (`Retry-After`), if anything.
    """

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait in between: doubling, with jitter, at most `longest_seconds`."""

    tries: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 30.0

    def run(self, call: Callable[[], T]) -> T:
        """The call's result; the last TransientPlaceError when no try succeeded. Other errors come through at once."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        attempts = Retrying(
            stop=stop_after_attempt(self.tries),
            wait=lambda state: self.pause(state.attempt_number, state.outcome.exception() if state.outcome else None),
            retry=retry_if_exception_type(TransientPlaceError),
            reraise=True,
            sleep=time.sleep,
        )
        return attempts(call)

    def pause(self, attempt: int, error: BaseException | None) -> float:
        """Seconds to wait after this attempt (the first is 1)."""
        import random

        wanted = getattr(error, "wait_seconds", None)
        backoff = min(self.longest_seconds, self.first_seconds * 2 ** (attempt - 1))
        backoff *= 0.75 + random.random() / 2
        return min(self.longest_seconds, wanted) if wanted is not None else backoff


class ResumingStream(io.RawIOBase):
    """A file's bytes, read on from where it broke when the connection is lost.

    open_at: offset → iterator of byte chunks from there; raises TransientPlaceError when another try may help. A try
    that brought bytes counts as success: only tries without any progress are counted.
    """

    def __init__(self, open_at: Callable[[int], Iterator[bytes]], policy: RetryPolicy, name: str) -> None:
        self._open_at, self._policy, self._name = open_at, policy, name
        self._chunks: Iterator[bytes] | None = None
        self._rest = memoryview(b"")
        self._position = 0
        self._failures = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._rest:
            chunk = self._next()
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next(self) -> bytes | None:
        """The next chunk; None at the end."""
        while True:
            try:
                if self._chunks is None:
                    self._chunks = iter(self._open_at(self._position))
                chunk = next(self._chunks, None)
            except TransientPlaceError as error:
                self._drop()
                self._failures += 1
                if self._failures >= self._policy.tries:
                    raise
                pause = self._policy.pause(self._failures, error)
                log.info("%s: broke off at byte %d, reading on in %.1f s", self._name, self._position, pause)
                time.sleep(pause)
                continue
            if chunk:
                self._position += len(chunk)
                self._failures = 0
            if chunk is None or chunk:
                return chunk

    def _drop(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._chunks = None

    def close(self) -> None:
        self._drop()
        super().close()
