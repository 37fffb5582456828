"""Fits: parameters estimated on everybody, stored with the night they belong to (ops.fits).

In force is the newest fit that is tonight's own, or that a live publish published: a night that never got that far, or
was rolled back, leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journeys.steps import Fit, Step

if TYPE_CHECKING:
    import psycopg

_LIVE = "exists (select 1 from ops.publish_log as p where p.publish_id = f.publish_id and p.status = 'live')"


@dataclass(frozen=True, slots=True)
class StoredFit:
    """A row of ops.fits. is_live: published, and not rolled back."""

    fit_id: int
    name: str
    version: int
    export_date: dt.date
    is_live: bool
    seconds: float
    evaluation: dict[str, Any]


def is_due(
    connection: psycopg.Connection[Any], steps: Sequence[Step], night: dt.date, fit_days: int, rules: str
) -> bool:
    """Whether tonight's statistics are fitted anew; all of them together, so that they describe the same days.

    Due: no fits yet; fit_days since the newest of an earlier night; another method; other stages or facts (rules).
    Fits of the same night do not count: repeating a night fits again, and finds the same. A full refresh under the
    same rules fits nothing: it gives what the nights before it gave.
    """
    if not steps:
        return False
    rows = connection.execute(
        f"select distinct on (fit_name) fit_name, version, export_date, rules_hash from ops.fits as f"  # noqa: S608
        f" where export_date < %s and {_LIVE} order by fit_name, fit_id desc".encode(),
        (night,),
    ).fetchall()
    earlier = {name: (version, date, its_rules) for name, version, date, its_rules in rows}
    for step in steps:
        if step.name not in earlier:
            return True
        version, date, its_rules = earlier[step.name]
        if version != step.version or its_rules != rules or (night - date).days >= fit_days:
            return True
    return False


def in_force(connection: psycopg.Connection[Any], step: Step, night: dt.date) -> Fit | None:
    """The fit that the night's customers are measured with; None when the step has none."""
    row = connection.execute(
        f"select parameters, evaluation, export_date from ops.fits as f where fit_name = %s and version = %s"  # noqa: S608
        f" and export_date <= %s and ((publish_id is null and export_date = %s) or {_LIVE})"
        f" order by fit_id desc limit 1".encode(),
        (step.name, step.version, night, night),
    ).fetchone()
    return None if row is None or row[0] is None else Fit(row[0], row[1], row[2])


def forget_unpublished(connection: psycopg.Connection[Any]) -> None:
    """Fits of nights that never reached BI, an earlier attempt of this one included."""
    connection.execute("delete from ops.fits where publish_id is null")


def store(
    connection: psycopg.Connection[Any], step: Step, night: dt.date, rules: str, fit: Fit | None, seconds: float
) -> None:
    """A row also where there is nothing to estimate: it says since when this version of the method is in use."""
    connection.execute(
        "insert into ops.fits (fit_name, version, export_date, rules_hash, parameters, evaluation, seconds)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (
            step.name, step.version, night, rules,
            None if fit is None else json.dumps(fit.parameters, allow_nan=False),
            json.dumps(fit.evaluation if fit else {}, allow_nan=False), round(seconds, 3),
        ),
    )  # fmt: skip


def list_fits(limit: int = 50) -> list[StoredFit]:
    """The newest fits first."""
    import warehouse

    with warehouse.connect(name="journeyline fits") as connection:
        rows = connection.execute(
            f"select fit_id, fit_name, version, export_date, {_LIVE}, coalesce(seconds, 0), evaluation"  # noqa: S608
            f" from ops.fits as f order by export_date desc, fit_id desc limit %s".encode(),
            (limit,),
        ).fetchall()
    return [StoredFit(*row) for row in rows]
