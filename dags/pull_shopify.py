"""# Pull Shopify

Orders and customers (CSV) and fulfilment events, restated for as long as refunds and edits arrive.

Lands the night's exports unchanged, audits every batch and promotes those that pass to `raw.shopify__*`;
then announces the asset `raw/shopify`. A batch that fails its audit stops this DAG with an alert; the
other batches are promoted all the same. Safe to repeat: files that were promoted before change nothing.

Backfill: `airflow backfill create --dag-id pull_shopify --from-date 2026-01-01 --to-date 2026-01-31`.
One night by hand: trigger with `{"export_date": "2026-01-31"}`.
Without Airflow: `python -m connectors pull shopify --export-date 2026-01-31`.
"""

from dags._pull import pull_dag

pull_dag("shopify", at="30 2 * * *", doc=__doc__)
