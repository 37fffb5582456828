"""# Run dbt by hand

One layer of the dbt project, by hand: to repair, to look closer, to try a fix. Nothing is published; the next night, or
`build_journeys` started by hand, does that. Waits for a night that is running.

Without Airflow: `python -m warehouse dbt <layer> --date … [--select …] [--full-refresh]`.
"""

from airflow.sdk import Param, dag, get_current_context, task

from dags._shared import DEFAULTS, NIGHT, START, night

LAYERS = ["persons", "touchpoints", "marts", "answers"]


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params={
        "layer": Param(
            "marts", type="string", enum=LAYERS, title="Layer", description="Which layer to build and test."
        ),
        "select": Param(
            None,
            type=["null", "string"],
            title="Selection",
            description="Only these models of the layer, e.g. `fct_orders` or `+dim_customers`. Moves no watermark.",
        ),
        "full_refresh": Param(
            False,
            type="boolean",
            title="Full refresh",
            description="Look at every row again, not only at what changed; what is unchanged is not rewritten.",
        ),
        **NIGHT,
    },
    tags=["by-hand"],
    doc_md=__doc__,
)
def run_dbt_by_hand() -> None:
    @task(doc_md="Build and test the layer; returns what became of it.")
    def run_layer() -> str:
        import warehouse

        chosen = get_current_context()["params"]
        result = warehouse.run_dbt(
            chosen["layer"], night(), full_refresh=chosen["full_refresh"], select=chosen["select"] or None
        )
        return f"{result.layer}: {result.status}, {result.nodes} nodes, {result.rows} rows"

    run_layer()


run_dbt_by_hand()
