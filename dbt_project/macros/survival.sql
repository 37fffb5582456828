{#-
  Kaplan-Meier over binned times: S(t) = product over t_m ≤ t of (1 - d_m / n_m). Who is censored within a bin leaves after its
  events, as the estimator asks of equal times.

  cells   query with <keys>, state ('reached' = event, otherwise censored), hours_bin, episodes
  gives   <keys>, hours_bin, survival, reached_so_far, reached_total
-#}
{% macro survival_curve(cells, keys) -%}
    select
        {{ keys | join(', ') }},
        hours_bin,
        -- the product as a sum of logarithms; where everybody left, nothing survives
        case
            when bool_or(events = at_risk) over so_far then 0::float8
            else exp(sum(case when events < at_risk then ln(1 - events::float8 / at_risk) end) over so_far)
        end as survival,
        sum(events) over so_far as reached_so_far,
        sum(events) over (partition by {{ keys | join(', ') }}) as reached_total
    from (
        select
            {{ keys | join(', ') }},
            hours_bin,
            coalesce(sum(episodes) filter (where state = 'reached'), 0) as events,
            sum(sum(episodes)) over (
                partition by {{ keys | join(', ') }} order by hours_bin
                rows between current row and unbounded following
            ) as at_risk
        from ({{ cells }}) as cells
        group by {{ keys | join(', ') }}, hours_bin
    ) as risks
    window so_far as (
        partition by {{ keys | join(', ') }} order by hours_bin
        rows between unbounded preceding and current row
    )
{%- endmacro %}
