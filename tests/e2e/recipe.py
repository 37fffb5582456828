"""Does what a guide says: reads a Markdown page as a list of steps and executes them in a copy of the project.

Understood, each followed by a fenced block:

    Write `path`:                  the block becomes the file
    … To `path` … add:             the block's lines are appended to the file
    Under `key:` add:              the block goes below the key of the file that was named last (indented as it stands)
    ```console                     commands, executed by bash in the copy, all must succeed
    ```sql                         one query; its rows are kept
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TICKED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Step:
    """kind: write, append, insert, console or sql. target: file (and key, of insert)."""

    kind: str
    text: str
    target: str = ""
    key: str = ""


@dataclass
class Kitchen:
    """A copy of the project in which guides are followed. Commands see the environment of `variables`."""

    root: Path
    variables: dict[str, str]
    queries: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, root: Path, **variables: str) -> Kitchen:
        """Copy what git knows of the project (changed files as they are now) into `root`."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for name in listed:
            source = REPOSITORY / name
            if name and source.is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / name)
        return cls(root, variables)

    def follow(self, page: Path) -> None:
        """Execute all steps of a page in order."""
        for step in read_steps(page.read_text(encoding="utf-8")):
            self.do(step)

    def do(self, step: Step) -> None:
        target = self.root / step.target
        if step.kind == "write":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, encoding="utf-8")
        elif step.kind == "append":
            before = target.read_text(encoding="utf-8")
            target.write_text(before.rstrip("\n") + "\n" + step.text, encoding="utf-8")
        elif step.kind == "insert":
            before = target.read_text(encoding="utf-8")
            below = re.compile(rf"^( *{re.escape(step.key)}:)[^\n]*\n", re.MULTILINE)
            after, found = below.subn(lambda match: f"{match[1]}\n{step.text}", before, count=1)
            assert found == 1, f"{step.target} has no key {step.key}"
            target.write_text(after, encoding="utf-8")
        elif step.kind == "console":
            self.printed.append(self.run(step.text))
        else:
            self.queries.append(step.text)

    def run(self, commands: str) -> str:
        """What the commands print. A command that fails ends the test, with its output."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment = {**ours, **self.variables, "PYTHONPATH": str(self.root), "PATH": path, "COLUMNS": "100"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def read_steps(page: str) -> list[Step]:
    """The steps of a page, in order. Blocks that nothing announces are examples to read."""
    steps, last, position = [], "", 0
    for block in _BLOCK.finditer(page):
        before = page[position : block.start()].rstrip()
        position = block.end()
        sentence = before.rsplit("\n\n", 1)[-1].replace("\n", " ")
        ticked = _TICKED.findall(sentence)
        language, text = block[1], block[2]
        if language in ("console", "sql") and "Write `" not in sentence:
            steps.append(Step(language, text))
            continue
        if not ticked:
            continue
        if re.search(r"Write `[^`]+`:$", sentence):
            last = ticked[-1]
            steps.append(Step("write", text, last))
        elif re.search(r"Under `[^`]+:` add:$", sentence):
            last = next((name for name in reversed(ticked[:-1]) if "/" in name), last)
            steps.append(Step("insert", text, last, ticked[-1].rstrip(":")))
        elif re.search(r"To `[^`]+` add:$", sentence):
            last = ticked[-1]
            steps.append(Step("append", text, last))
    return steps
