"""run_dbt on a small real dbt project: what is new is read once, failures are named without values, retries resume."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest
from warehouse_loading import load, spec

import warehouse
from warehouse.dbt import run_dbt
from warehouse.errors import DbtLayerError

DAY = dt.date(2026, 3, 1)

FILES = {
    "dbt_project.yml": """
name: small
version: "1.0"
profile: journeyline
flags: {send_anonymous_usage_stats: false}
vars: {export_date: "1970-01-01", build_seq: 0, layer: none, full_refresh: false}
models: {small: {+tags: [layer_persons], +schema: intermediate}}
""",
    "profiles.yml": """
journeyline:
  target: warehouse
  outputs:
    warehouse:
      type: postgres
      host: "{{ env_var('JL_DBT_HOST') }}"
      port: "{{ env_var('JL_DBT_PORT') | as_number }}"
      user: "{{ env_var('JL_DBT_USER') }}"
      password: "{{ env_var('JL_DBT_PASSWORD') }}"
      dbname: "{{ env_var('JL_DBT_DATABASE') }}"
      schema: intermediate
      threads: 2
""",
    "macros/schema.sql": "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}",
    "seeds/words.csv": "word\nhello\n",
    "models/intermediate/int_person_records.sql": """
{{ config(materialized='incremental', unique_key='id') }}
select id, value, {{ var('build_seq') }}::bigint as _changed_seq, '{{ var("full_refresh") }}'::text as everything
from raw.shop__orders
""",
    "models/intermediate/int_numbers.sql": "{{ config(materialized='table') }} select id, value::integer as number"
    " from {{ ref('int_person_records') }}",
}


@pytest.fixture
def project(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        path = root / "dbt_project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys.modules["warehouse.settings"], "REPOSITORY", root)
    warehouse.ensure_tables(spec())
    return root / "dbt_project"


def _rows(query: str) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_layer_from_failure_to_nothing_new(project: Path) -> None:
    # a value that does not fit stops the layer; the message names the model, never the value
    load(spec(), [{"id": 1, "value": "anna@example.com"}])
    with pytest.raises(DbtLayerError, match=r"Layer persons: model\.small\.int_numbers ended with error") as caught:
        run_dbt("persons", DAY)
    assert "anna" not in str(caught.value)
    assert not [path for path in (warehouse.settings().home / "dbt").rglob("dbt.log") if "anna" in path.read_text()]
    assert _rows("select count(*) from ops.watermarks where consumer = 'dbt:persons'") == [(0,)]

    # the next attempt of the same night runs only what failed, with the first attempt's number
    with warehouse.connect() as connection:
        connection.execute("update intermediate.int_person_records set value = '7'")
    resumed = run_dbt("persons", DAY)
    assert (resumed.resumed, resumed.nodes) == (True, 1)
    assert _rows("select number from intermediate.int_numbers") == [(7,)]
    with warehouse.connect() as connection:
        connection.execute("update raw.shop__orders set value = '8'")

    # nothing new: dbt is not started, nor a number spent
    before = _rows("select last_value from ops.build_seq")
    assert run_dbt("persons", "2026-03-02").status == "unchanged"
    assert _rows("select last_value from ops.build_seq") == before

    # a new raw row: run again, incrementally
    load(spec(), [{"id": 2, "value": "9"}], DAY + dt.timedelta(days=1))
    built = run_dbt("persons", DAY + dt.timedelta(days=1))
    assert (built.status, built.resumed, built.full_refresh) == ("built", False, False)
    assert _rows("select distinct everything from intermediate.int_person_records") == [("False",)]
    assert _rows("select count(*) from intermediate.words") == [(1,)]
    statuses = _rows(
        "select distinct status from ops.node_results where build_seq = (select max(build_seq) from ops.node_results)"
    )
    assert statuses == [("success",)]

    # changed rules: everything is looked at again although no row is new
    model = project / "models/intermediate/int_numbers.sql"
    model.write_text(model.read_text() + " where true")
    again = run_dbt("persons", DAY + dt.timedelta(days=1))
    assert (again.status, again.full_refresh) == ("built", True)
    assert run_dbt("persons", DAY + dt.timedelta(days=1)).status == "unchanged"


def test_unknown_layer_and_broken_project(project: Path) -> None:
    with pytest.raises(DbtLayerError, match="There is no layer 'mart'"):
        run_dbt("mart", DAY)
    (project / "models/intermediate/int_numbers.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(DbtLayerError, match="the dbt project cannot be read"):
        run_dbt("persons", DAY)
