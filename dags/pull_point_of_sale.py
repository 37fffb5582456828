"""# Pull point of sale

Invoice lines of the shop tills (CSV); cancellations come as invoices of their own.

Lands the night's exports unchanged, audits every batch and promotes those that pass to `raw.point_of_sale__*`;
then announces the asset `raw/point_of_sale`. A batch that fails its audit stops this DAG with an alert; the
other batches are promoted all the same. Safe to repeat: files that were promoted before change nothing.

Backfill: `airflow backfill create --dag-id pull_point_of_sale --from-date 2026-01-01 --to-date 2026-01-31`.
One night by hand: trigger with `{"export_date": "2026-01-31"}`.
Without Airflow: `python -m connectors pull point_of_sale --export-date 2026-01-31`.
"""

from dags._pull import pull_dag

pull_dag("point_of_sale", at="50 2 * * *", doc=__doc__)
