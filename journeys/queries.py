"""The report's questions to the warehouse. `%(night)s` is the export date; results are aggregates, never persons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the tables it needs."""

    sql: str
    needs: tuple[str, ...]


BATCHES = Question(
    """
    select platform, object, status, reason, rows_read, rows_inserted + rows_updated as rows_promoted, rows_inserted,
           rows_updated, rows_unchanged, rows_duplicate, rows_rejected, rows_tombstoned, batch_id
    from ops.batch_ledger b where export_date = %(night)s and not (status = 'repeated' and exists (
        select 1 from ops.batch_ledger p where p.status = 'promoted' and p.export_date = b.export_date
          and p.platform = b.platform and p.object = b.object and p.batch_id < b.batch_id))
    order by platform, object, batch_id
    """,
    ("ops.batch_ledger",),
)
# A reason is in plain words but may quote the cell it speaks of: what is quoted is cut out before it is counted.
REJECTS = Question(
    """
    select b.platform, b.object, r.column_name,
           regexp_replace(r.reason, '"[^"]*"|''[^'']*''|`[^`]*`|“[^”]*”', '…', 'g') as reason, count(*) as rows
    from ops.rejected_rows r join ops.batch_ledger b using (batch_id)
    where b.export_date = %(night)s group by 1, 2, 3, 4 order by rows desc, 1, 2, 3, 4 limit 20
    """,
    ("ops.batch_ledger", "ops.rejected_rows"),
)
IDENTITY_RUNS = Question(
    """
    select run_id, export_date, kind, records_total, records_changed, pairs_compared, customers_total,
           created_count, merged_count, split_count, revived_count, retired_count, deleted_count,
           oversized_count, churn_rate, extract(epoch from finished_at - started_at)::float8 as seconds
    from identity.runs where export_date <= %(night)s and status = 'accepted'
    order by export_date desc, run_id desc limit 14
    """,
    ("identity.runs",),
)
CUSTOMERS = Question(
    """
    select count(*) as customers, count(*) filter (where is_identified) as identified,
           count(*) filter (where has_email) as with_email, count(*) filter (where has_phone) as with_phone,
           count(*) filter (where platform_count > 1) as on_several_platforms,
           coalesce(sum(record_count), 0) as records,
           coalesce(sum(touchpoint_count), 0) as touchpoints, count(*) filter (where order_count > 0) as buyers,
           count(*) filter (where order_count > 1) as repeat_buyers,
           count(*) filter (where golden_customer_created_date = %(night)s) as created_tonight
    from marts.dim_customers
    """,
    ("marts.dim_customers",),
)
FUNNEL = Question(
    """
    select scope, step_no, step_name, customers, closed_customers, open_customers, closed_dropped_customers,
           step_rate::float8 as step_rate, overall_rate::float8 as overall_rate,
           median_hours_from_previous::float8 as median_hours, window_days, taxonomy_version, data_end_date
    from marts.stage_funnel
    where scope = 'cradle_to_grave' and persona_code = '(all)' and channel = '(all)' and cohort = '(all)'
    order by scope, step_no
    """,
    ("marts.stage_funnel",),
)
STAGES = Question(
    """
    with entries as (
        select stage_key, count(*) as entries, count(distinct golden_customer_id) as customers,
               count(*) filter (where entered_date = %(night)s) as entries_tonight,
               percentile_cont(0.5) within group (order by dwell_hours)
                   filter (where left_at is not null) as median_hours
        from marts.fct_stage_entries group by 1
    ),
    standing as (select current_stage_key as stage_key, count(*) as standing from marts.dim_customers group by 1)
    select s.stage_order, s.stage_name, s.sub_stage, s.macro_stage, s.family, coalesce(e.entries, 0) as entries,
           coalesce(e.customers, 0) as customers, coalesce(e.entries_tonight, 0) as entries_tonight,
           e.median_hours::float8 as median_hours, coalesce(p.standing, 0) as standing
    from marts.dim_stages s
    left join entries e using (stage_key)
    left join standing p using (stage_key)
    where s.is_in_force order by s.stage_order, s.sub_stage nulls first
    """,
    ("marts.dim_stages", "marts.fct_stage_entries", "marts.dim_customers"),
)
TRANSITIONS = Question(
    """
    select coalesce(a.stage_name, t.source_stage) as source_name, a.family as source_family,
           case t.target_stage when '(open)' then 'still open' when '(end)' then 'journey ends'
                when '(other)' then 'other stages'
                else coalesce(b.stage_name, t.target_stage) end as target_name,
           b.family as target_family, t.weight, t.customers, t.share_of_all::float8 as share_of_all,
           t.median_hours::float8 as median_hours,
           t.weight::float8 / sum(t.weight) over (partition by t.source_stage) as share_of_source
    from marts.stage_transition t
    left join marts.dim_stages a on a.is_in_force and a.stage_key = t.source_stage
    left join marts.dim_stages b on b.is_in_force and b.stage_key = t.target_stage
    where t.scope = 'cradle_to_grave' and t.period = '(all)' and t.source_stage <> '(start)'
    order by t.weight desc, t.source_stage, t.target_stage limit 20
    """,
    ("marts.stage_transition", "marts.dim_stages"),
)
SALES = Question(
    """
    select sales_channel, count(*) as orders, count(distinct golden_customer_id) as customers,
           count(*) filter (where ordered_date = %(night)s) as orders_tonight,
           count(*) filter (where customer_order_no > 1) as repeat_orders,
           sum(total_reporting_amount)::float8 as revenue, sum(refunded_reporting_amount)::float8 as refunded,
           count(*) filter (where refunded_reporting_amount > 0) as refunded_orders,
           min(reporting_currency_code) as currency_code
    from marts.fct_orders
    where is_counted and ordered_date between %(from_date)s and %(night)s
    group by 1 order by revenue desc nulls last, 1
    """,
    ("marts.fct_orders",),
)
SALES_DAYS = Question(
    """
    select d::date as day, coalesce(o.orders, 0) as orders, coalesce(o.revenue, 0)::float8 as revenue
    from generate_series(%(from_date)s::timestamp, %(night)s::timestamp, interval '1 day') d
    left join (
        select ordered_date, count(*) as orders, sum(total_reporting_amount) as revenue from marts.fct_orders
        where is_counted and ordered_date between %(from_date)s and %(night)s group by 1
    ) o on o.ordered_date = d::date
    order by 1
    """,
    ("marts.fct_orders",),
)
TICKETS = Question(
    """
    select origin_channel, count(*) as tickets, count(*) filter (where solved_at is not null) as solved,
           percentile_cont(0.5) within group (order by hours_to_solve)
               filter (where not is_lag_negative)::float8 as median_hours,
           percentile_cont(0.9) within group (order by hours_to_solve)
               filter (where not is_lag_negative)::float8 as p90_hours,
           count(*) filter (where satisfaction_score like 'good%%') as good,
           count(*) filter (where satisfaction_score like 'good%%' or satisfaction_score like 'bad%%') as rated,
           count(*) filter (where intent = 'complaint') as complaints
    from marts.fct_tickets where opened_date between %(tickets_from_date)s and %(night)s
    group by 1 order by tickets desc, 1
    """,
    ("marts.fct_tickets",),
)
GATES = Question(
    """
    with newest as (
        select point, subject, max(run_at) as run_at from ops.gate_results where export_date = %(night)s group by 1, 2
    )
    select g.point, g.subject, coalesce(b.platform || ' ' || b.object, '') as what, g.suite, g.check_name,
           g.column_name, g.severity, g.passed, g.message
    from ops.gate_results g
    join newest using (point, subject, run_at)
    left join ops.batch_ledger b on g.point = 'batch' and b.batch_id::text = g.subject
    order by array_position(array['batch', 'identities', 'marts'], g.point), g.gate_result_id
    """,
    ("ops.gate_results", "ops.batch_ledger"),
)
PUBLISHES = Question(
    """
    select p.publish_id, p.export_date, p.published_at, p.status, p.rolled_back_at, p.affected, p.everyone,
           coalesce(sum(t.rows_deleted), 0) as rows_deleted, coalesce(sum(t.rows_inserted), 0) as rows_inserted
    from ops.publish_log p left join ops.publish_tables t using (publish_id)
    where p.export_date <= %(night)s group by p.publish_id order by p.publish_id desc limit 10
    """,
    ("ops.publish_log", "ops.publish_tables"),
)
NODES = Question(
    """
    with newest as (
        select layer, max(build_seq) as build_seq from ops.node_results where export_date = %(night)s group by 1
    )
    select n.layer, regexp_replace(n.node_id, '^.*\\.', '') as node, n.status, n.seconds::float8 as seconds, n.rows
    from ops.node_results n join newest using (layer, build_seq)
    order by n.seconds desc nulls last, n.node_id
    """,
    ("ops.node_results",),
)
