"""Suites as data: the shipped ones load, and every mistake is named with its file and key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expectations.errors import SuiteError
from expectations.suites import for_batch, for_layer, load, load_all

GOOD = """
suite: mine
layer: marts
description: A suite of mine.
figures:
  rows:
    sql: select 1 as one
checks:
  - check: one_is_one
    figure: rows.one
    min_value: 1
    severity: critical
    description: One is at least one.
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_suites_load_and_have_unique_names() -> None:
    suites = load_all()
    assert {"batch", "identities", "marts"} <= {suite.layer for suite in suites}
    names = [suite.suite for suite in suites]
    assert len(names) == len(set(names))


def test_every_platform_gets_the_common_checks_and_its_own() -> None:
    chosen = for_batch("shopify", "orders_export")
    assert {suite.suite for suite, _ in chosen} == {"batch", "batch_shopify"}
    names = [check.check for _, section in chosen for check in section.checks]
    assert "rows_accounted" in names and "orders_have_currency" in names
    assert "orders_have_currency" not in [
        check.check for _, section in for_batch("shopify", "customers_export") for check in section.checks
    ]


def test_layers_have_checks_of_all_kinds() -> None:
    (_, section), *_ = for_layer("marts")
    assert {check.severity for check in section.checks} == {"critical", "warning"}


def test_a_good_suite(tmp_path: Path) -> None:
    suite = load(write(tmp_path, GOOD))
    assert suite.section().checks[0].arguments == {"min_value": 1}


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("severity: critical", "severity: fatal", "checks.one_is_one.severity", "critical"),
        ("    description: One is at least one.", "", "checks.one_is_one.description", "required"),
        ("    figure: rows.one\n", "", "checks.one_is_one", "figure set"),
        ("figure: rows.one", "figure: nothing.one", "nothing", "unknown figure set"),
        ("    min_value: 1\n", "", "checks.one_is_one", "min_value"),
        ("layer: marts", "layer: mart", "layer", "batch"),
        ("description: A suite of mine.", "", "description", "required"),
        ("    sql: select 1 as one", "    query: select 1", "figures.rows", "sql"),
        ("check: one_is_one", "check: One is one", "check", "pattern"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, old: str, new: str, key: str, words: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(SuiteError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert key in str(caught.value)
    assert words in str(caught.value)


def test_repeated_names_are_refused(tmp_path: Path) -> None:
    check = GOOD.split("checks:\n")[1]
    with pytest.raises(SuiteError, match=r"one_is_one.*twice"):
        load(write(tmp_path, GOOD + check))


def test_not_yaml(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"mine\.yml"):
        load(write(tmp_path, "a: [1"))
    with pytest.raises(SuiteError, match="mapping"):
        load(write(tmp_path, "- 1"))


def test_the_facade_is_light() -> None:
    """Importing the package must not import what costs seconds: DAG files and --help rely on it."""
    heavy = ["great_expectations", "pandas", "pyarrow", "sqlalchemy", "jinja2"]
    code = f"import sys, expectations; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_brands_own_suites_are_checked_beside_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, twice = tmp_path / "own", tmp_path / "twice"
    for folder in (own, twice):
        folder.mkdir()
    write(own, GOOD)
    write(twice, GOOD.replace("suite: mine", "suite: marts"))
    monkeypatch.setenv("JOURNEYLINE_SUITES", str(own))
    assert [suite.suite for suite, _ in for_layer("marts")] == ["marts", "mine"]
    monkeypatch.setenv("JOURNEYLINE_SUITES", str(twice))
    with pytest.raises(SuiteError, match=r"twice/mine.yml: the name `marts` is taken by .*suites/marts.yml"):
        load_all()
    monkeypatch.setenv("JOURNEYLINE_SUITES", str(tmp_path / "nowhere"))
    with pytest.raises(SuiteError, match="nowhere is no folder"):
        load_all()


def test_an_installation_changes_limits_of_shipped_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("JOURNEYLINE_SUITES", str(own))
    (own / "limits.yml").write_text(
        "identities:\n  churn_within_leave: {max_value: 0.04}\n  values_of_few: {severity: critical}\n"
    )
    (_, section), *_ = for_layer("identities")
    checks = {check.check: check for check in section.checks}
    assert checks["churn_within_leave"].arguments["max_value"] == 0.04
    assert checks["churn_within_leave"].severity == "critical"
    assert checks["values_of_few"].severity == "critical" and checks["values_of_few"].arguments["max_value"] == 0.02


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("identity: {}", "identity: no suite has this name"),
        ("identities: {churn: {max_value: 1}}", "identities.churn: the suite has no check"),
        ("identities: {churn_low: {min_value: 1}}", "identities.churn_low.min_value: .* it has max_value"),
        ("identities: {churn_low: {max_value: much}}", "identities.churn_low.max_value: write a number"),
        ("identities: {churn_low: {severity: loud}}", "identities.churn_low.severity: write info, warning, critical"),
        ("identities: {churn_low: {sql: drop}}", "identities.churn_low.sql: only min_value"),
        ("identities: [churn_low]", "identities: expected a mapping"),
        ("a: [1", "not YAML"),
    ],
)
def test_wrong_limits_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.setenv("JOURNEYLINE_SUITES", str(tmp_path))
    (tmp_path / "limits.yml").write_text(text)
    with pytest.raises(SuiteError, match=rf"limits\.yml: .*{words}"):
        load_all()
