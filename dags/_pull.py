"""The shape of every pull: land the night's exports, audit each batch, promote what passed, announce it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import CronDataIntervalTimetable, Metadata, dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags._shared import DEFAULTS, NIGHT, RAW, START, night, tries_left, warn_of_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import DAG


def pull_dag(platform: str, *, at: str, doc: str) -> DAG:
    """DAG `pull_<platform>`. at: cron expression in UTC; the run's data interval starts on the night's export date."""

    @dag(
        dag_id=f"pull_{platform}",
        schedule=CronDataIntervalTimetable(at, timezone="UTC"),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=DEFAULTS,
        params=NIGHT,
        tags=["pull", platform],
        doc_md=doc,
    )
    def pull() -> None:
        @task(doc_md="Fetch the exports, keep them unchanged, parse them by contract into `landing`.")
        def land_exports() -> list[int]:
            import connectors

            batches = connectors.land(platform, night())
            broken = [batch.object for batch in batches if batch.status == "failed"]
            if broken and tries_left():  # infrastructure; at the last try the other objects go on without them
                raise RuntimeError(f"{platform}: {', '.join(broken)} could not be landed: see ops.batch_ledger")
            if missing := [batch.object for batch in batches if batch.status == "missing"]:
                warn_of_missing(platform, missing, night())
            return [batch.batch_id for batch in batches]

        @task(
            outlets=[RAW[platform]], doc_md="Audit each batch; promote those that pass. A failed audit is not retried."
        )
        def audit_and_promote(batch_ids: list[int]) -> Iterator[Any]:
            import connectors

            outcome = connectors.audit_and_promote(batch_ids)
            if outcome.refused:
                raise AirflowFailException(outcome.message)
            yield Metadata(
                RAW[platform], {"export_date": night().isoformat(), "batch_ids": batch_ids, "counts": outcome.counts}
            )

        audit_and_promote(land_exports())

    return pull()
