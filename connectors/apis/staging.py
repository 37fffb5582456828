"""Pages on their way into the landing store: part files, and how far a pull has come.

`<home>/api/<connection>/<platform>/<folder>/dt=<date>/<endpoint>[-<account>]-0001.json` holds one page per line. A page
is written as it was received, except that line breaks between its tokens become blanks and our own secrets become ***.
Beside them lies `_state/…jsonl`: a pull that was killed goes on from there, with the bytes behind the last noted page
cut off. When everything has landed, both are removed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PART_BYTES = 32 << 20
_STATE_BYTES = 1 << 20


@dataclass(slots=True)
class State:
    """How far one endpoint's pull of one account has come.

    base      what the pull started from (since, date …): a state of another base is not gone on with
    task      number of the task at work; request: its next page, None = its first
    high      newest time seen, ISO; token: the vendor's newest cursor
    files     part files and their sizes
    """

    base: dict[str, Any]
    started_at: float
    task: int = 0
    request: dict[str, Any] | None = None
    page_size: int | None = None
    seen: int = 0
    high: str | None = None
    token: Any = None
    pages: int = 0
    records: int = 0
    skipped: int = 0
    files: dict[str, int] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    done: bool = False


class Staging:
    """Part files and state of one endpoint, account and date."""

    def __init__(
        self, root: Path, platform: str, folder: str, date: dt.date, endpoint: str, account: str,
    ) -> None:  # fmt: skip
        day = f"dt={date.isoformat()}"
        self.stem = endpoint + (f"-{_safe(account)}" if account else "")
        self.folder = root / platform / folder / day
        self.state_path = root / platform / "_state" / day / f"{self.stem}.jsonl"

    def resume(self, base: dict[str, Any], now: float, longest: float) -> State | None:
        """The state of an earlier attempt from the same base, at most `longest` seconds old; its files cut to size."""
        state = self._last_state()
        if state is None or state.base != base or not 0 <= now - state.started_at <= longest:
            return None
        for name, size in state.files.items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_size < size:
                return None
            os.truncate(path, size)
        for path in self._files():
            if path.name not in state.files:
                path.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        return state

    def begin(self) -> None:
        """Remove what an earlier attempt left."""
        self.state_path.unlink(missing_ok=True)
        for path in self._files():
            path.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state_path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, line: bytes, state: State) -> None:
        """Add one line to the part file (a new one when it is full) and note its size in the state."""
        names = sorted(state.files)
        if not names or state.files[names[-1]] + len(line) > PART_BYTES:
            names.append(f"{self.stem}-{len(names) + 1:04d}.json")
            state.files[names[-1]] = 0
        with (self.folder / names[-1]).open("ab") as file:
            file.write(line + b"\n")
        state.files[names[-1]] += len(line) + 1

    def new_file(self, name: str) -> Path:
        """Where a strategy writes a file of its own (it notes name and size in state.files when it is complete)."""
        return self.folder / f"{self.stem}-f_{_safe(name)}"

    def save(self, state: State) -> None:
        """Note the state as a line of its own: the last whole line counts. (Replacing a file takes far longer.)"""
        line = json.dumps({name: getattr(state, name) for name in State.__slots__}, default=str).encode() + b"\n"
        if self.state_path.exists() and self.state_path.stat().st_size > _STATE_BYTES:
            temporary = self.state_path.with_suffix(".tmp")
            temporary.write_bytes(line)
            temporary.replace(self.state_path)
            return
        with self.state_path.open("ab") as file:
            file.write(line)

    def _last_state(self) -> State | None:
        try:
            lines = self.state_path.read_bytes().split(b"\n")
        except OSError:
            return None
        for line in reversed(lines[:-1]):  # what stands behind the last line break was cut off
            try:
                return State(**json.loads(line))
            except (ValueError, TypeError):
                continue
        return None

    def lines(self) -> Iterator[bytes]:
        """All lines of the part files, in order."""
        for path in self._files():
            with path.open("rb") as file:
                yield from file

    def clear(self) -> None:
        """Remove files and state."""
        for path in [*self._files(), self.state_path]:
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob(f"{self.stem}-*") if self._own(path.name))

    def _own(self, name: str) -> bool:
        """posts-1-0001.json is not a file of `posts` when an account is 1: the rest must have no account."""
        rest = name[len(self.stem) + 1 :]
        return bool(re.fullmatch(r"\d{4}\.json|f_.+", rest))


def sweep(folder: Path, before: float) -> None:
    """Remove what pulls have left with which nobody goes on: days with no file younger than `before` (unix time)."""
    for day in folder.glob("*/dt=*"):
        files = [path for path in day.iterdir() if path.is_file()]
        if files and all(path.stat().st_mtime < before for path in files):
            for path in files:
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # another pull has just begun there
                day.rmdir()


def _safe(text: str) -> str:
    """Account or file name as part of a file name."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", text)


def as_line(body: bytes) -> bytes:
    """A JSON document on one line. Raw line breaks in JSON stand between tokens only, so blanks mean the same."""
    return body.strip().replace(b"\r\n", b" ").replace(b"\n", b" ").replace(b"\r", b" ")
