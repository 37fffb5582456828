"""Background processes with pid files: started once, found again by any later command, stopped even after a crash."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stack.settings import write_private

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True, slots=True)
class Component:
    """One background process.

    name: shown to people. command: program and arguments. pids: folder of pid files. log: file for its output.
    """

    name: str
    command: tuple[str, ...]
    pids: Path
    log: Path

    @property
    def pid_file(self) -> Path:
        return self.pids / f"{self.name}.json"

    def process(self) -> psutil.Process | None:
        """The live process, or None. A process id that now belongs to somebody else does not count."""
        import psutil

        try:
            known = json.loads(self.pid_file.read_text())
            process = psutil.Process(int(known["pid"]))
            if abs(process.create_time() - float(known["created"])) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except (OSError, ValueError, KeyError, psutil.Error):
            return None
        return process

    def start(self, environment: Mapping[str, str], cwd: Path) -> None:
        """Start it in a session of its own, unless it runs already."""
        import psutil

        if self.process() is not None:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            child = subprocess.Popen(
                self.command, env=dict(environment), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        write_private(self.pid_file, json.dumps({"pid": child.pid, "created": psutil.Process(child.pid).create_time()}))

    def tail(self, lines: int = 25) -> str:
        """The last lines of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


def stop(components: Sequence[Component], seconds: float = 20) -> list[str]:
    """Ask all to end, wait, then end by force whatever is left, children too. Returns the names that ran."""
    import psutil

    running = [(component, process) for component in components if (process := component.process()) is not None]
    parents = [process for _, process in running]
    family = list(parents)
    for process in parents:
        try:
            family += process.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    _each(parents, "terminate")
    deadline = time.monotonic() + seconds
    orphans_asked = False
    while (family := [process for process in family if _alive(process)]) and time.monotonic() < deadline:
        if not orphans_asked and not any(process in family for process in parents):
            _each(family, "terminate")  # children that their parent left behind
            orphans_asked = True
        time.sleep(0.1)
        _reap()
    _each(family, "kill")
    psutil.wait_procs(family, timeout=5)
    for component in components:
        component.pid_file.unlink(missing_ok=True)
    return [component.name for component, _ in running]


def _each(family: Sequence[psutil.Process], verb: str) -> None:
    import psutil

    for process in family:
        try:
            getattr(process, verb)()
        except psutil.NoSuchProcess:
            continue


def _alive(process: psutil.Process) -> bool:
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _reap() -> None:
    """Collect ended children of this very process, so that they are not taken for live ones."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
