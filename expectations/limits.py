"""Limits of one installation: `limits.yml` in the folder JOURNEYLINE_SUITES changes bounds and severities of checks.

identities:                       # a suite
  churn_within_leave:             # one of its checks
    max_value: 0.04
  values_of_few:
    severity: critical
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from expectations.errors import SuiteError
from expectations.results import Severity

if TYPE_CHECKING:
    from expectations.suites import Check, Section, Suite

FILE_NAME = "limits.yml"
KEYS = ("min_value", "max_value", "mostly", "severity")
Limits = Mapping[str, Mapping[str, Mapping[str, Any]]]


def read_limits(path: Path) -> Limits:
    """The file's content, checked for its form; SuiteError names the file and the key. Empty when there is no file."""
    import yaml

    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: this is not YAML: {error}") from error
    for suite, checks in _mapping(path, "", content).items():
        for check, changes in _mapping(path, str(suite), checks).items():
            place = f"{suite}.{check}"
            for key, value in _mapping(path, place, changes).items():
                if key not in KEYS:
                    raise SuiteError(f"{path}: {place}.{key}: only {', '.join(KEYS)} can be changed")
                if key == "severity" and value not in get_args(Severity):
                    raise SuiteError(f"{path}: {place}.severity: write {', '.join(get_args(Severity))}")
                if key != "severity" and (isinstance(value, bool) or not isinstance(value, int | float)):
                    raise SuiteError(f"{path}: {place}.{key}: write a number")
    return content


def apply_limits(suites: tuple[Suite, ...], limits: Limits, path: Path) -> tuple[Suite, ...]:
    """The suites with an installation's limits; SuiteError when a suite, a check or a bound of it does not exist."""
    known = {suite.suite for suite in suites}
    if unknown := sorted(set(limits) - known):
        raise SuiteError(f"{path}: {unknown[0]}: no suite has this name; see `python -m expectations suites`")
    return tuple(_changed(suite, limits[suite.suite], path) if suite.suite in limits else suite for suite in suites)


def _changed(suite: Suite, limits: Mapping[str, Mapping[str, Any]], path: Path) -> Suite:
    names = {c.check for s in (suite, *suite.objects.values()) for c in s.checks}
    if unknown := sorted(set(limits) - names):
        raise SuiteError(f"{path}: {suite.suite}.{unknown[0]}: the suite has no check of this name")

    def checks(section: Section) -> tuple[Check, ...]:
        return tuple(_limited(suite, check, limits.get(check.check, {}), path) for check in section.checks)

    objects = {name: part.model_copy(update={"checks": checks(part)}) for name, part in suite.objects.items()}
    return suite.model_copy(update={"checks": checks(suite), "objects": objects})


def _limited(suite: Suite, check: Check, changes: Mapping[str, Any], path: Path) -> Check:
    strange = [key for key in changes if key != "severity" and key not in check.arguments]
    if strange:
        raise SuiteError(
            f"{path}: {suite.suite}.{check.check}.{strange[0]}: the check has no such bound; it has "
            f"{', '.join(key for key in KEYS if key in check.arguments) or 'none'}"
        )
    return type(check).model_validate({**check.model_dump(), **changes}) if changes else check


def _mapping(path: Path, place: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SuiteError(f"{path}: {place or '(whole file)'}: expected a mapping suite → check → bounds")
    return value
