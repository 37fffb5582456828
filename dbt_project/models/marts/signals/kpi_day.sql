{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'kpi_code']}],
) }}

with days as (
    select
        hours.metric_code,
        hours.metric_date,
        coalesce(channels.channel_group, 'Other') as segment,
        sum(hours.metric_value) as metric_value
    from {{ ref('fct_metric_hours') }} as hours
    left join {{ ref('channels') }} as channels on hours.channel = channels.channel
    group by 1, 2, 3
),

segmented as (
    select * from days
    union all
    select
        metric_code,
        metric_date,
        '(all)',
        sum(metric_value)
    from days
    group by 1, 2
),

-- a day on which anything was heard: there a missing figure is nought, elsewhere it is unknown
heard as (
    select distinct
        metric_date,
        segment
    from segmented
),

figures as (
    select
        kpis.kpi_code,
        heard.metric_date,
        heard.segment,
        kpis.denominator_metric,
        coalesce(numerator.metric_value, 0) as numerator,
        case when kpis.denominator_metric is not null then coalesce(denominator.metric_value, 0) end as denominator
    from heard
    cross join {{ ref('kpis') }} as kpis
    left join segmented as numerator
        on
            heard.metric_date = numerator.metric_date
            and heard.segment = numerator.segment
            and kpis.numerator_metric = numerator.metric_code
    left join segmented as denominator
        on
            heard.metric_date = denominator.metric_date
            and heard.segment = denominator.segment
            and kpis.denominator_metric = denominator.metric_code
    -- orders and visits stand in different channels: a rate across them exists for all channels together only
    where kpis.denominator_metric is null or heard.segment = '(all)'
)

select
    figures.kpi_code,
    figures.metric_date,
    figures.segment,
    figures.numerator::numeric(20, 2) as numerator,
    figures.denominator::numeric(20, 2) as denominator,
    case
        when figures.denominator_metric is null then figures.numerator
        else round(figures.numerator / nullif(figures.denominator, 0), 6)
    end::numeric(20, 6) as kpi_value,
    goals.target::numeric(20, 6) as target_value,
    case when figures.denominator = 0 then 'no ' || figures.denominator_metric || ' on that day' end as reason
from figures
left join {{ ref('goals') }} as goals
    on
        figures.kpi_code = goals.kpi_code
        and figures.segment = '(all)'
        and figures.metric_date >= goals.valid_from
        and (goals.valid_to is null or figures.metric_date <= goals.valid_to)
where figures.numerator <> 0 or figures.denominator <> 0 or figures.segment = '(all)'
