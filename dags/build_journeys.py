"""# Build journeys

From golden customers to the tables that BI reads: touchpoints, stages, journeys and marts of the customers that this
night touches, built in `marts_next`, audited, then published in one transaction: asset `marts/published`.
A failed audit leaves yesterday's marts in place. When nobody is affected, building and publishing are skipped.

Roll back the newest publish: `python -m warehouse rollback`.
Without Airflow, `python -m`: `warehouse dbt touchpoints`, `journeys score`, `warehouse affected`, `… dbt marts`,
`journeys compute`, `warehouse dbt answers`, `warehouse publish`.
"""

from typing import Any

from airflow.sdk import Metadata, dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags._shared import DEFAULTS, GOLDEN_CUSTOMERS, MARTS, NIGHT, START, night


@dag(
    schedule=[GOLDEN_CUSTOMERS],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=NIGHT,
    tags=["journeys"],
    doc_md=__doc__,
)
def build_journeys() -> None:
    @task(doc_md="Build and test one layer of the dbt project: what changed, of the customers that the night touches.")
    def build(layer: str) -> None:
        import warehouse

        warehouse.run_dbt(layer, night())

    @task(doc_md="What new and changed messages say.")
    def score_messages() -> int:
        import journeys

        return journeys.score_messages(night())

    @task.short_circuit(
        ignore_downstream_trigger_rules=False, doc_md="Whom does this night touch? Nobody, and no new figures: skip."
    )
    def find_affected_customers() -> int:
        import warehouse

        return warehouse.find_affected(night()) or warehouse.channels_changed()

    @task(doc_md="Statistics that need Python; fitted anew when they are due.")
    def compute_statistics() -> None:
        import journeys

        journeys.compute(night())

    @task(doc_md="The gate before BI sees anything. A failed audit is not retried; yesterday's marts stay.")
    def audit_marts() -> None:
        import expectations

        if not (result := expectations.audit_marts(night(), raise_on_fail=False)).passed:
            raise AirflowFailException(result.message)

    @task(doc_md="`marts_next` → `marts` in one transaction, with undo.")
    def publish_marts() -> int | None:
        import warehouse

        return warehouse.publish(night()).publish_id

    @task(outlets=[MARTS], trigger_rule="none_failed", doc_md="Say that the marts stand at this night.")
    def announce_marts() -> Any:
        yield Metadata(MARTS, {"export_date": night().isoformat()})

    touchpoints, marts, answers = (build.override(task_id=f"build_{x}")(x) for x in ("touchpoints", "marts", "answers"))
    touchpoints >> score_messages() >> find_affected_customers() >> marts
    marts >> compute_statistics() >> answers >> audit_marts() >> publish_marts() >> announce_marts()


build_journeys()
