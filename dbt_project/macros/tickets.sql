{#- The moments of a ticket that are touchpoints, whatever help desk it is of: `cross join lateral` of the relation `tickets`. -#}
{% macro ticket_moments() -%}
    (
        values
        ('ticket_opened', tickets.opened_at, tickets.intent, 30),
        ('ticket_solved', tickets.first_solved_at, null, 31)
    ) as moment (touchpoint_type, occurred_at, intent, source_priority)
{%- endmacro %}
