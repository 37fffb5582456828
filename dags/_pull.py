"""The shape of every pull: land the night's exports, audit each batch, promote what passed, announce it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import CronDataIntervalTimetable, Metadata, dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags._shared import DEFAULTS, NIGHT, START, night, raw_asset, tries_left, warn_of_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import DAG

    from connectors.catalogue import PlatformOutline

_DOC = """# Pull {title}

{description}

| object | what a row is | format | key | restated |
|---|---|---|---|---|
{objects}

Lands the night's exports unchanged, audits every batch and promotes those that pass to `raw.{platform}__*`; then
announces the asset `raw/{platform}`. A batch that fails its audit stops this DAG with an alert and is not tried again;
the other batches are promoted all the same. Safe to repeat: files that were promoted before change nothing.

Backfill: `airflow backfill create --dag-id pull_{platform} --from-date 2026-01-01 --to-date 2026-01-31`.
One night by hand: trigger with `{{"export_date": "2026-01-31"}}`.
Without Airflow: `python -m connectors pull {platform} --export-date 2026-01-31`.
Made from `connectors/contracts/{platform}.yml`; where its exports lie: `sources.yml`, see docs/places.md.
"""


def pull_doc(outline: PlatformOutline) -> str:
    """Documentation of one pull, from its contract."""
    objects = "\n".join(
        f"| `{o.name}` | {o.description.replace('|', '/')} | {', '.join(o.formats)} | {', '.join(o.key)} |"
        f" {o.restatement.replace('_', ' ')} |"
        for o in outline.objects
    )
    return _DOC.format(title=outline.title, description=outline.description, platform=outline.platform, objects=objects)


def pull_dag(outline: PlatformOutline) -> DAG:
    """DAG `pull_<platform>` on the contract's schedule; the run's data interval starts on the night's export date."""
    platform = outline.platform
    asset = raw_asset(platform)

    @dag(
        dag_id=f"pull_{platform}",
        schedule=CronDataIntervalTimetable(outline.schedule, timezone="UTC"),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=DEFAULTS,
        params=NIGHT,
        tags=["pull", platform],
        doc_md=pull_doc(outline),
    )
    def pull() -> None:
        # One task: most platforms' nights take less time than starting another task would.
        @task(
            outlets=[asset],
            doc_md="Fetch the exports, keep them unchanged, parse them into `landing`; audit each batch, promote those"
            " that pass. Infrastructure errors are tried again, a failed audit is not.",
        )
        def pull_exports() -> Iterator[Any]:
            import connectors

            landed = connectors.land(platform, night())
            batch_ids = [batch.batch_id for batch in landed]
            outcome = connectors.audit_and_promote(batch_ids)
            if outcome.failed and tries_left():  # infrastructure; what was promoted is recognised at the next try
                raise RuntimeError(f"{platform}: {', '.join(outcome.failed)} could not be pulled: see ops.batch_ledger")
            if outcome.missing:
                warn_of_missing(platform, list(outcome.missing), night())
            if outcome.refused:
                raise AirflowFailException(outcome.message)
            yield Metadata(
                asset, {"export_date": night().isoformat(), "batch_ids": batch_ids, "counts": outcome.counts}
            )

        pull_exports()

    return pull()
