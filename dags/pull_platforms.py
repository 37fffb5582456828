"""One DAG `pull_<platform>` for each platform that this installation uses, made from contracts and sources.yml.

A new platform needs no file here: its contract says title, description and schedule (`connectors/contracts/`), and
`sources.yml` where its exports lie (docs/places.md). A task's process makes the one DAG it is for.
"""

from airflow.sdk import get_parsing_context

from connectors.catalogue import active_platforms, outline_or_reason
from dags._pull import pull_dag

wanted = get_parsing_context().dag_id
for platform in active_platforms():
    if wanted in (None, f"pull_{platform}"):
        pull_dag(outline_or_reason(platform))
