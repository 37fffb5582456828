"""Which monthly figures a publish moved, and why: the source of marts.restatement_log.

A model says in its yml which figures are watched: `config.meta.restated: {period: <SQL of the date>, figures:
{<metric>: <SQL of one row's share>}}`. A publish adds up, by month, the rows it took out (kept in marts_undo) and those
it put in; the difference is kept in ops.monthly_changes. Totals are sums over live publishes, never counted again.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from psycopg import sql

from warehouse.marts_models import MartModel
from warehouse.undo import undo_name

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

# Why a customer is affected (marts_next.affected_customers) → why a figure moved.
_REASON = """case a.reason when 'everyone' then 'rules' when 'identity' then 'identity' when 'record' then 'identity'
    when 'moved' then 'identity' when 'clock' then 'clock' else 'late_data' end"""


def note_changes(connection: Connection, publish_id: int, models: list[MartModel], kinds: dict[str, str]) -> None:
    """Note what this publish changed. kinds: published table → how its old rows were kept (rows, full, created).

    Inside the publish's transaction, after the rows have moved and while their undo is there.
    """
    for model in models:
        kind = kinds.get(model.name)
        if kind is None or not model.restated_figures:
            continue
        if kind == "created" or not _has_history(connection, model.name):
            _note_baseline(connection, publish_id, model)
            continue
        try:
            with connection.transaction():
                _note_difference(connection, publish_id, model, kind)
        except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
            # the old rows had another shape: their figures cannot be told any more
            log.info("monthly figures of %s are counted anew: its columns changed", model.name)
            _note_baseline(connection, publish_id, model)


def _has_history(connection: Connection, mart: str) -> bool:
    return connection.execute(
        "select exists (select 1 from ops.monthly_changes as c join ops.publish_log as p using (publish_id)"
        " where p.status = 'live' and c.mart = %s)",
        (mart,),
    ).fetchone() == (True,)


def _shares(model: MartModel, relation: sql.Composable, sign: int) -> sql.Composable:
    """(golden_customer_id, period, metric, value) of each row of a relation and each figure."""
    figures = sql.SQL(", ").join(
        sql.SQL("({}, ({})::numeric)").format(sql.Literal(metric), sql.SQL(share))
        for metric, share in model.restated_figures
    )
    return sql.SQL(
        "select f.golden_customer_id, date_trunc('month', {period})::date as period, m.metric, {sign} * m.value as"
        " value from {relation} as f cross join lateral (values {figures}) as m (metric, value)"
        " where ({period}) is not null and m.value <> 0"
    ).format(period=sql.SQL(model.restated_period), sign=sql.Literal(sign), relation=relation, figures=figures)


def _note_difference(connection: Connection, publish_id: int, model: MartModel, kind: str) -> None:
    """New rows less old rows. One reason per figure: the one that moved it most."""
    new: sql.Composable = sql.Identifier("marts", model.name)
    # All rows were replaced because everybody was affected: no need to ask each row why.
    reason, why = sql.SQL("'rules'"), sql.SQL("")
    if kind == "rows":
        reason = sql.SQL(_REASON)
        why = sql.SQL("left join marts_next.affected_customers as a on a.golden_customer_id = c.golden_customer_id")
        new = sql.SQL(
            "(select p.* from {} as p where p.golden_customer_id in"
            " (select golden_customer_id from marts_next.affected_customers))"
        ).format(new)
    connection.execute(
        sql.SQL(
            "insert into ops.monthly_changes (publish_id, mart, metric, period, change, reason)"
            " select {publish_id}, {mart}, metric, period, sum(change),"
            " (array_agg(reason order by abs(change) desc, reason))[1] from (select c.metric, c.period, sum(c.value) as"
            " change, {reason} as reason from ({old} union all {new}) as c {why} group by 1, 2, 4) as by_reason"
            " group by metric, period having sum(change) <> 0"
        ).format(
            publish_id=sql.Literal(publish_id),
            mart=sql.Literal(model.name),
            reason=reason,
            why=why,
            old=_shares(model, undo_name(publish_id, model.name), -1),
            new=_shares(model, new, 1),
        )
    )


def _note_baseline(connection: Connection, publish_id: int, model: MartModel) -> None:
    """Count the published table once, and note what the sum over live publishes lacks of it."""
    connection.execute(
        sql.SQL(
            "insert into ops.monthly_changes (publish_id, mart, metric, period, change, reason)"
            " select {publish_id}, {mart}, metric, period, sum(value), 'baseline' from (select metric, period, value"
            " from ({now}) as n union all select c.metric, c.period, -c.change from ops.monthly_changes as c join"
            " ops.publish_log as p using (publish_id) where p.status = 'live' and c.mart = {mart}) as together"
            " group by metric, period having sum(value) <> 0"
        ).format(
            publish_id=sql.Literal(publish_id),
            mart=sql.Literal(model.name),
            now=_shares(model, sql.Identifier("marts", model.name), 1),
        )
    )
