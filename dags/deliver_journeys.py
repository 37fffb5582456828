"""# Deliver journeys

After every publish: the HTML report of the night (funnel, stages, identity and quality figures) and the data-quality
documentation. Reads the marts only; a failure here never touches them.
Without Airflow: `python -m journeys report`, `python -m expectations docs`.
"""

from airflow.sdk import dag, task

from dags._shared import DEFAULTS, MARTS, NIGHT, START, night


@dag(
    schedule=[MARTS],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=NIGHT,
    tags=["journeys", "delivery"],
    doc_md=__doc__,
)
def deliver_journeys() -> None:
    @task(doc_md="Write the night's HTML report; returns its path.")
    def write_report() -> str:
        import journeys

        return str(journeys.write_report(night()))

    @task(doc_md="Rebuild the data-quality documentation; returns its path.")
    def build_data_docs() -> str:
        import expectations

        return str(expectations.build_docs())

    write_report()
    build_data_docs()


deliver_journeys()
