"""Background processes: found again, stopped with their children, and never mistaken for somebody else's."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from stack import processes
from stack.processes import Component

SLEEPER = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)")
PARENT = (
    sys.executable,
    "-c",
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('ready', flush=True); time.sleep(600)",
)
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
)


def component(folder: Path, command: tuple[str, ...]) -> Component:
    return Component("worker", command, folder / "pids", folder / "logs" / "worker.log")


def started(folder: Path, command: tuple[str, ...]) -> Component:
    made = component(folder, command)
    made.start(os.environ, folder)
    deadline = time.monotonic() + 30
    while "ready" not in made.tail() and time.monotonic() < deadline:
        time.sleep(0.05)
    return made


def test_a_later_command_finds_the_process_and_stops_it(tmp_path: Path) -> None:
    first = started(tmp_path, SLEEPER)
    process = first.process()
    assert process is not None
    again = component(tmp_path, SLEEPER)
    again.start(os.environ, tmp_path)
    assert again.process() == process, "starting twice must not start two"
    assert processes.stop([again]) == ["worker"]
    assert again.process() is None
    assert not again.pid_file.exists()


def test_children_are_stopped_too(tmp_path: Path) -> None:
    parent = started(tmp_path, PARENT)
    process = parent.process()
    assert process is not None
    (child,) = process.children()
    processes.stop([parent])
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    stubborn = started(tmp_path, STUBBORN)
    process = stubborn.process()
    assert process is not None
    processes.stop([stubborn], seconds=0.5)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_pid_that_belongs_to_somebody_else_today_is_left_alone(tmp_path: Path) -> None:
    stale = component(tmp_path, SLEEPER)
    stale.pid_file.parent.mkdir(parents=True)
    stale.pid_file.write_text(json.dumps({"pid": os.getpid(), "created": psutil.Process().create_time() - 1000}))
    assert stale.process() is None
    assert processes.stop([stale]) == []
    assert psutil.Process().is_running()


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"pid": 999999999, "created": 1}'])
def test_a_broken_pid_file_counts_as_stopped(tmp_path: Path, text: str) -> None:
    broken = component(tmp_path, SLEEPER)
    broken.pid_file.parent.mkdir(parents=True)
    broken.pid_file.write_text(text)
    assert broken.process() is None
