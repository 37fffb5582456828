"""Two extensions of Great Expectations: a metric that runs one SQL statement and keeps its single row of numbers, and
an expectation on one of these numbers. However many expectations use a statement, it runs once (metrics are shared).

Importing this module imports Great Expectations and registers both.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, ClassVar

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class JourneylineFigures(TableMetricProvider):
    """Name → number of the single row that `figure_sql` returns. Text is refused: it could be personal data."""

    metric_name = "journeyline.figures"
    value_keys = ("figure_sql", "figure_parameters")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, int | float | None]:
        statement = sa.text(metric_value_kwargs["figure_sql"])
        given = json.loads(metric_value_kwargs["figure_parameters"])
        used = {name: value for name, value in given.items() if name in statement._bindparams}
        rows = execution_engine.execute_query(statement.bindparams(**used)).mappings().fetchmany(2)
        if len(rows) != 1:
            raise ValueError("figures: the statement must return exactly one row")
        return {name: _number(name, value) for name, value in rows[0].items()}


def _number(name: str, value: Any) -> int | float | None:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"figures: {name} is a {type(value).__name__}; a figure must be a number")


class ExpectFigureToBeBetween(BatchExpectation):
    """Expect one figure of a statement to lie between two bounds, both included. NULL cannot be judged and passes."""

    figure_sql: str
    figure_parameters: str = "{}"
    figure: str
    min_value: float | None = None
    max_value: float | None = None

    metric_dependencies = ("journeyline.figures",)
    success_keys = ("figure_sql", "figure_parameters", "figure", "min_value", "max_value")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    args_keys = ("figure", "min_value", "max_value")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        figures = metrics["journeyline.figures"]
        if self.figure not in figures:
            raise KeyError(f"figure {self.figure} is not among {sorted(figures)}")
        value = figures[self.figure]
        low = value is None or self.min_value is None or value >= self.min_value
        high = value is None or self.max_value is None or value <= self.max_value
        return {"success": low and high, "result": {"observed_value": value}}
