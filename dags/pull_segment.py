"""# Pull Segment

Web and app events: track, identify and page calls (JSON lines).

Lands the night's exports unchanged, audits every batch and promotes those that pass to `raw.segment__*`;
then announces the asset `raw/segment`. A batch that fails its audit stops this DAG with an alert; the
other batches are promoted all the same. Safe to repeat: files that were promoted before change nothing.

Backfill: `airflow backfill create --dag-id pull_segment --from-date 2026-01-01 --to-date 2026-01-31`.
One night by hand: trigger with `{"export_date": "2026-01-31"}`.
Without Airflow: `python -m connectors pull segment --export-date 2026-01-31`.
"""

from dags._pull import pull_dag

pull_dag("segment", at="40 2 * * *", doc=__doc__)
