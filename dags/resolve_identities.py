"""# Resolve identities

Which records are the same person? Rebuilds the person records that changed, links them, audits the proposal and accepts
it: asset `identity/golden_customers`. Yesterday's identities stay as they are until the audit has passed.

Starts when all platforms that are used here have arrived, or at 05:30 with what is there. A 05:30 run that finds
nothing promoted since the night was resolved skips its work.
Without Airflow: `python -m warehouse dbt persons`, `python -m resolution night`.
"""

from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, Metadata, dag, task
from airflow.sdk.exceptions import AirflowFailException

from connectors.catalogue import active_platforms
from dags._shared import DEFAULTS, GOLDEN_CUSTOMERS, NIGHT, START, night, raw_asset, started_by_clock


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable("30 5 * * *", timezone="UTC"),
        assets=[raw_asset(platform) for platform in active_platforms()],
    ),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=NIGHT,
    tags=["identity"],
    doc_md=__doc__,
)
def resolve_identities() -> None:
    @task.short_circuit(doc_md="Started by the clock with nothing promoted since this night was resolved: skip.")
    def find_new_batches() -> bool:
        import warehouse

        return not started_by_clock() or warehouse.needs_resolving(night())

    @task(doc_md="dbt layer `persons`: person records and identifiers of what changed.")
    def build_person_records() -> None:
        import connectors
        import warehouse

        connectors.prepare_tables()
        warehouse.run_dbt("persons", night())

    @task(doc_md="Standardise, block, compare, cluster; the proposal goes to `identity.next_*`.")
    def resolve_records() -> int:
        import resolution

        return resolution.resolve_night(night()).run_id

    @task(doc_md="The gate before identities change. A failed audit discards the proposal and is not retried.")
    def audit_identities(proposal: int) -> int:
        import expectations
        import resolution

        result = expectations.audit_identities(proposal, raise_on_fail=False)
        if not result.passed:
            resolution.discard_run(proposal, result.message)
            raise AirflowFailException(result.message)
        return proposal

    @task(outlets=[GOLDEN_CUSTOMERS], doc_md="The proposal becomes `identity.*` in one transaction.")
    def accept_identities(proposal: int) -> Any:
        import resolution

        resolution.accept_run(proposal)
        yield Metadata(GOLDEN_CUSTOMERS, {"export_date": night().isoformat(), "identity_run_id": proposal})

    resolved = resolve_records()
    find_new_batches() >> build_person_records() >> resolved
    accept_identities(audit_identities(resolved))


resolve_identities()
