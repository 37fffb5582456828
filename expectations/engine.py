"""Running checks with Great Expectations against the warehouse: one ephemeral context and one data source per process.

Importing Great Expectations costs seconds, so callers reach this module only when there is something to check.
Column expectations of one table are bundled by Great Expectations into one scan; the statements that would fetch
examples of unexpected values run with LIMIT 0, so that no row value leaves the database.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from expectations.errors import SuiteError
from expectations.results import CheckResult
from expectations.suites import FIGURE_TYPE, Check, FigureSet, Suite
from expectations.wording import describe_failure, describe_figure, describe_rows, number, with_advice

# SUMMARY gives counts; nothing that shows a value is asked for, and what is not asked for is not queried.
RESULT_FORMAT = {
    "result_format": "SUMMARY",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
}


@dataclass(frozen=True, slots=True)
class Job:
    """Checks of one suite to run together.

    table        (schema, table) that checks without a table of their own look at
    batch_id     restrict column checks to the rows of this batch
    parameters   values for the `:name` placeholders of figures (numbers, text, ISO dates)
    pii          columns whose observed values are never shown
    """

    suite: str
    file: str
    checks: Sequence[Check]
    figures: Mapping[str, FigureSet] = field(default_factory=dict)
    table: tuple[str, str] | None = None
    schema: str | None = None
    batch_id: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pii: frozenset[str] = frozenset()


@lru_cache(maxsize=4)
def _source(url: str) -> Any:
    """The process's context and its Postgres data source."""
    # Its log lines may quote statements and driver errors, and driver errors may quote row values: they end here.
    silent = logging.getLogger("great_expectations")
    silent.propagate = False
    silent.addHandler(logging.NullHandler())
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    # Each new table asset would write the whole configuration as YAML, to nowhere: this context lives in memory.
    context.variables.save = lambda: None  # type: ignore[method-assign]
    # Between two audits the server may have closed the connection (restart, idle limit): the pool looks before use.
    pool = {"pool_pre_ping": True}
    source = context.data_sources.add_postgres(name="warehouse", connection_string=url, kwargs=pool)  # type: ignore[call-arg]
    figures = source.add_query_asset(name="figures", query="select 1 as journeyline")
    figures.add_batch_definition_whole_table("all")
    return source


def _definition(source: Any, table: tuple[str, str] | None) -> Any:
    """Batch definition of a table, made once per process; without a table, the one that figures hang on."""
    name = "figures" if table is None else ".".join(table)
    known = {asset.name for asset in source.assets}
    if name not in known and table is not None:
        asset = source.add_table_asset(name=name, schema_name=table[0], table_name=table[1])
        asset.add_batch_definition_whole_table("all")
    return source.get_asset(name).get_batch_definition("all")


def run(job: Job, url: str, existing: frozenset[str]) -> list[CheckResult]:
    """Run a job. A check on a table not in `existing` (schema.table) fails as 'cannot be evaluated'."""
    source = _source(url)
    results: dict[str, CheckResult] = {}
    groups: dict[tuple[str, str] | None, list[Check]] = {}
    for check in job.checks:
        missing = sorted(_needs(job, check) - existing)
        if missing:
            results[check.check] = _result(
                job,
                check,
                False,
                message=f"{check.description} Cannot be evaluated: {', '.join(missing)} does not exist.",
            )
        else:
            groups.setdefault(_table(job, check), []).append(check)
    for table, checks in groups.items():
        for result in _validate(job, source, table, checks):
            results[result.check] = result
    return [results[check.check] for check in job.checks]


def _table(job: Job, check: Check) -> tuple[str, str] | None:
    if check.type == FIGURE_TYPE:
        return None
    if check.table is not None and job.schema is not None:
        return job.schema, check.table
    if job.table is None:
        raise SuiteError(f"{job.file}: checks.{check.check}: write `table: <name>`: this layer has no table of its own")
    return job.table


def _needs(job: Job, check: Check) -> set[str]:
    if check.figure:
        return set(job.figures[check.figure.split(".")[0]].needs)
    table = _table(job, check)
    return {".".join(table)} if table else set()


def _validate(job: Job, source: Any, table: tuple[str, str] | None, checks: Sequence[Check]) -> list[CheckResult]:
    import great_expectations as gx
    from great_expectations.validator.v1_validator import Validator

    import expectations.gx_figures  # noqa: F401 - registers our expectation

    suite = gx.ExpectationSuite(name=job.suite)
    for check in checks:
        suite.add_expectation(_expectation(job, check, table is not None))
    validator = Validator(_definition(source, table), result_format=RESULT_FORMAT)
    outcome = validator.validate_expectation_suite(suite)
    by_name = {check.check: check for check in checks}
    return [_read(job, by_name[_name(result)], result) for result in outcome.results]


def _name(result: Any) -> str:
    return str(result.expectation_config.meta["check"])


def _expectation(job: Job, check: Check, has_rows: bool) -> Any:
    """The Great Expectations object of a check; SuiteError names file and key when type or arguments are wrong."""
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.expectations.row_conditions import Column

    place = f"{job.file}: checks.{check.check}"
    try:
        implementation = get_expectation_impl(check.type)
    except ExpectationNotFoundError as error:
        raise SuiteError(f"{place}.type: unknown expectation type `{check.type}`; {_suggest(check.type)}") from error
    given = dict(check.arguments)
    if check.figure:
        figures, figure = check.figure.split(".")
        given |= {
            "figure_sql": job.figures[figures].sql,
            "figure": figure,
            "figure_parameters": json.dumps(dict(job.parameters)),
        }
    elif has_rows and job.batch_id is not None and "row_condition" in implementation.__fields__:
        given["row_condition"] = Column("_batch_id") == job.batch_id
    try:
        common: dict[str, Any] = {"severity": check.severity, "meta": {"check": check.check}}
        return implementation(description=check.description, **common, **given)
    except (ValueError, TypeError) as error:
        raise SuiteError(f"{place}: {check.type} does not accept these arguments: {_first_line(error)}") from error


def validate_suite(suite: Suite) -> None:
    """Raise SuiteError when a check's type is unknown or its arguments do not fit; runs nothing."""
    import expectations.gx_figures  # noqa: F401 - registers our expectation

    for section in [suite.section(), *(suite.section(name) for name in suite.objects)]:
        job = Job(suite.suite, suite.file, section.checks, section.figures)
        for check in section.checks:
            _expectation(job, check, has_rows=False)


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    from great_expectations.expectations.registry import list_registered_expectation_implementations

    close = get_close_matches(name, list_registered_expectation_implementations(), n=3)
    return f"did you mean {' or '.join(close)}?" if close else "see greatexpectations.io/expectations for the list"


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:300]


def _read(job: Job, check: Check, result: Any) -> CheckResult:
    """One Great Expectations result as figures and words."""
    problem = _problem(result.exception_info or {})
    if problem is not None:
        return _result(
            job, check, False, message=f"{check.description} Cannot be evaluated: {describe_failure(problem)}"
        )
    found = result.result
    if check.figure:
        observed, message = describe_figure(check, found["observed_value"])
        return _result(job, check, result.success, observed=observed, message=message)
    if "unexpected_count" in found:
        evaluated, unexpected = found["element_count"], found["unexpected_count"] or 0
        observed, message = describe_rows(check, unexpected, evaluated)
        return _result(
            job, check, result.success, observed=observed, evaluated=evaluated, unexpected=unexpected, message=message
        )
    value = found.get("observed_value")
    shown = number(value) if isinstance(value, int | float) and check.column not in job.pii else None
    return _result(
        job,
        check,
        result.success,
        observed=shown,
        message=f"{check.description} Found {shown or 'a value that is not shown'}.",
    )


def _problem(info: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The exception of a result, which is either flat or one entry per metric; None when there was none."""
    for part in [info, *(value for value in info.values() if isinstance(value, Mapping))]:
        if part.get("raised_exception"):
            return part
    return None


def _result(job: Job, check: Check, passed: bool, **rest: Any) -> CheckResult:
    rest["message"] = with_advice(check, rest["message"], bool(passed))
    return CheckResult(job.suite, check.check, check.column, check.severity, bool(passed), **rest)
