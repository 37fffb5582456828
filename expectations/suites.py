"""Suites as data: `suites/*.yml`, read and checked without Great Expectations, so that editing them is fast to try.

A suite belongs to one layer (batch, identities, marts). It holds `figures` (SQL that returns one row of numbers, each
read once however many checks use it) and `checks` (a Great Expectations type with its arguments, or a range for a
figure). A batch suite may belong to one platform and group figures and checks by object.

A brand's own suites lie in the folder that JOURNEYLINE_SUITES names; they are checked beside the shipped ones. Its
`limits.yml` changes bounds and severities of any suite (limits.py).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from expectations.errors import SuiteError
from expectations.limits import FILE_NAME, apply_limits, read_limits
from expectations.results import Severity

FOLDER = Path(__file__).parent / "suites"
FIGURE_TYPE = "expect_figure_to_be_between"


class FigureSet(BaseModel):
    """One SQL statement that returns one row of numbers. `:name`: a value of the audit; `{table}`: landing table."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    description: str = ""
    sql: str
    needs: tuple[str, ...] = ()  # schema-qualified tables without which it cannot be computed


class Check(BaseModel):
    """One expectation. Keys that are not named here are arguments of the Great Expectations type."""

    model_config = ConfigDict(extra="allow", frozen=True)
    check: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: str = FIGURE_TYPE
    severity: Severity
    description: str = Field(min_length=10)
    advice: str | None = None  # what to do when it fails
    table: str | None = None
    figure: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    unit: Literal["number", "share", "rows", "customers", "days", "amount"] = "number"

    @model_validator(mode="after")
    def _complete(self) -> Check:
        if self.type == FIGURE_TYPE and self.figure is None:
            raise ValueError("write `type: expect_...` or `figure: <figure set>.<figure>`")
        if self.figure is not None and self.type != FIGURE_TYPE:
            raise ValueError(f"`figure` cannot be combined with `type: {self.type}`")
        if self.figure is not None and not {"min_value", "max_value"} & set(self.arguments):
            raise ValueError("a figure needs `min_value` or `max_value`")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})

    @property
    def column(self) -> str | None:
        """The column or columns it looks at, for people."""
        given = self.arguments
        names = given.get("column_list") or given.get("columns") or [given.get("column_A"), given.get("column_B")]
        return given.get("column") or ", ".join(str(name) for name in names if name) or None


class Section(BaseModel):
    """Figures and checks of one object."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    figures: dict[str, FigureSet] = {}
    checks: tuple[Check, ...] = ()


class Suite(Section):
    """One file."""

    suite: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    layer: Literal["batch", "identities", "marts"]
    description: str
    platform: str | None = None
    objects: dict[str, Section] = {}
    file: str = ""

    @model_validator(mode="after")
    def _figures_exist(self) -> Suite:
        for place, section in [
            ("checks", self),
            *((f"objects.{name}.checks", part) for name, part in self.objects.items()),
        ]:
            for check in section.checks:
                known = {**self.figures, **section.figures}
                used = check.figure.split(".")[0] if check.figure else None
                if used is not None and used not in known:
                    raise ValueError(f"{place}.{check.check}: unknown figure set `{used}`; known: {sorted(known)}")
        names = [check.check for check in self.checks]
        for name, part in self.objects.items():
            _no_repeats([*names, *(check.check for check in part.checks)], f"objects.{name}.checks")
        _no_repeats(names, "checks")
        return self

    def section(self, object_name: str | None = None) -> Section:
        """Figures and checks that hold for an object (or for the layer)."""
        own = self.objects.get(object_name or "", Section())
        return Section(figures={**self.figures, **own.figures}, checks=(*self.checks, *own.checks))


def _no_repeats(names: list[str], place: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{place}: the names {repeated} are used twice; results are told apart by name")


def load(path: Path) -> Suite:
    """Read one suite file; SuiteError names the file, the key and the mistake."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: this is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SuiteError(f"{path}: a suite is a mapping with the keys suite, layer, description, checks")
    try:
        return Suite.model_validate({**content, "file": str(path)})
    except ValidationError as error:
        mistakes = [f"{_place(mistake['loc'], content)}: {mistake['msg']}" for mistake in error.errors()]
        raise SuiteError(f"{path}: " + "; ".join(mistakes)) from error


def _place(location: tuple[int | str, ...], content: dict[str, Any]) -> str:
    """`checks.3.severity` with the check's own name instead of its number, where it has one."""
    parts, value = [], content
    for step in location:
        try:
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            value = {}
        named = isinstance(step, int) and isinstance(value, dict) and "check" in value
        parts.append(str(value["check"]) if named else str(step))
    return ".".join(parts) or "(whole file)"


@lru_cache(maxsize=8)
def load_folder(folder: Path) -> tuple[Suite, ...]:
    """All suites of a folder, by file name. SuiteError when the folder does not exist."""
    if not folder.is_dir():
        raise SuiteError(
            f"{folder} is no folder: JOURNEYLINE_SUITES names the folder that holds your own suites (*.yml)"
        )
    return tuple(load(path) for path in sorted(folder.glob("*.yml")) if path.name != FILE_NAME)


def load_all() -> tuple[Suite, ...]:
    """The shipped suites, then those of the folder JOURNEYLINE_SUITES, with its limits. SuiteError when a name is used
    twice, or a limit is for nothing."""
    own = os.environ.get("JOURNEYLINE_SUITES")
    return _load_with(Path(own).expanduser().resolve() if own else None)


@lru_cache(maxsize=4)
def _load_with(own: Path | None) -> tuple[Suite, ...]:
    suites = load_folder(FOLDER) + (load_folder(own) if own else ())
    files: dict[str, str] = {}
    for suite in suites:
        if suite.suite in files:
            raise SuiteError(f"{suite.file}: the name `{suite.suite}` is taken by {files[suite.suite]}; choose another")
        files[suite.suite] = suite.file
    return suites if own is None else apply_limits(suites, read_limits(own / FILE_NAME), own / FILE_NAME)


def for_batch(platform: str, object_name: str) -> list[tuple[Suite, Section]]:
    """Suites that apply to batches of a platform's object: those of every platform, then its own."""
    chosen = [suite for suite in load_all() if suite.layer == "batch" and suite.platform in (None, platform)]
    return [(suite, suite.section(object_name)) for suite in chosen]


def for_layer(layer: str) -> list[tuple[Suite, Section]]:
    """Suites of the layer `identities` or `marts`."""
    return [(suite, suite.section()) for suite in load_all() if suite.layer == layer]
