"""The manifest's models, rule fingerprints, migration files, dbt's messages: pure parts."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from warehouse.clock import as_date
from warehouse.dbt_invocation import _clean
from warehouse.errors import MigrationError, PublishError
from warehouse.marts_models import ForeignKey, Index, read_marts_models
from warehouse.migrations import read_migrations
from warehouse.rules import rules_hash, rules_number


def _manifest(path: Path, **node: Any) -> Path:
    model = {"name": "fct_x", "resource_type": "model", **node}
    file = path / "manifest.json"
    file.write_text(json.dumps({"nodes": {"model.j.fct_x": model, "test.j.t": {"name": "t", "resource_type": "test"}}}))
    return file


def test_a_model_with_everything(tmp_path: Path) -> None:
    [model] = read_marts_models(
        _manifest(
            tmp_path,
            config={
                "meta": {"publish": "customer"},
                "indexes": [{"columns": ["a", "b"]}, {"columns": ["id"], "unique": True}],
            },
            constraints=[
                {"type": "primary_key", "columns": ["id"]},
                {"type": "foreign_key", "columns": ["a"], "to": '"db"."marts_next"."dim_a"', "to_columns": ["a_id"]},
                {"type": "foreign_key", "columns": ["b"], "expression": "dim_b (b_id)"},
            ],
            columns={
                "c": {
                    "name": "c",
                    "description": "C",
                    "constraints": [{"type": "foreign_key", "to": "ref('dim_c')", "to_columns": ["c"]}],
                }
            },
            description="X",
        )
    )
    assert (model.by_customer, model.primary_key, model.reader) == (True, ("id",), "bi_reader")
    assert model.indexes == (Index("fct_x", ("a", "b")),)
    assert model.foreign_keys == (
        ForeignKey("fct_x", ("a",), "dim_a", ("a_id",)),
        ForeignKey("fct_x", ("b",), "dim_b", ("b_id",)),
        ForeignKey("fct_x", ("c",), "dim_c", ("c",)),
    )
    assert model.comments == {"c": "C"}


def test_key_on_a_column_and_pii(tmp_path: Path) -> None:
    columns = {"id": {"name": "id", "constraints": [{"type": "primary_key"}]}}
    [model] = read_marts_models(
        _manifest(tmp_path, config={"meta": {"publish": "whole", "pii": True}}, columns=columns)
    )
    assert (model.by_customer, model.primary_key, model.reader) == (False, ("id",), "pii_reader")


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"config": {"meta": {"publish": "maybe"}}}, "write customer, whole, view"),
        ({"config": {}}, "names no model to publish"),
        (
            {"config": {"meta": {"publish": "whole"}}, "constraints": [{"type": "foreign_key", "columns": ["a"]}]},
            "needs `to`",
        ),
    ],
)
def test_wrong_manifests_are_refused(tmp_path: Path, node: dict[str, Any], message: str) -> None:
    with pytest.raises(PublishError, match=message):
        read_marts_models(_manifest(tmp_path, **node))
    with pytest.raises(PublishError, match="build the marts first"):
        read_marts_models(tmp_path / "absent.json")


def test_names_are_stable_short_and_different() -> None:
    names = {
        Index("a_rather_long_table_name_of_forty_chars_x", (f"column_number_{n}", "another_column")).name
        for n in range(50)
    }
    assert len(names) == 50
    assert all(len(name) <= 63 for name in names)
    assert Index("t", ("a",)).name == "t__a__idx"


def test_rules_follow_content_of_rule_files_only(tmp_path: Path) -> None:
    (tmp_path / "models/marts/core").mkdir(parents=True)
    (tmp_path / "seeds").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: x\n")
    model = tmp_path / "models/marts/core/fct_x.sql"
    model.write_text("select 1\n")
    first = rules_hash("marts", tmp_path)
    model.write_bytes(b"select 1\r\n")
    (tmp_path / "models/marts/core/_x.yml").write_text("description: words")
    assert rules_hash("marts", tmp_path) == first
    model.write_text("select 2\n")
    second = rules_hash("marts", tmp_path)
    assert second != first
    assert rules_hash("persons", tmp_path) == rules_hash("touchpoints", tmp_path)
    (tmp_path / "seeds/stages.csv").write_text("stage\n")
    assert rules_hash("marts", tmp_path) != second
    assert 0 <= rules_number("f" * 32) < 2**63


@pytest.mark.parametrize("names", [["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001_A.sql"]])
def test_migration_files_have_numbers_of_their_own(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("select 1")
    with pytest.raises(MigrationError):
        read_migrations(tmp_path)


def test_dbt_messages_lose_their_values() -> None:
    message = """Database Error in model fct_x (models/fct_x.sql)
  invalid input syntax for type integer: "anna@example.com"
  LINE 7: select 'anna@example.com'
  DETAIL: Key (email)=(anna@example.com) already exists."""
    cleaned = _clean(message)
    assert "anna" not in cleaned
    assert cleaned == (
        "Database Error in model fct_x (models/fct_x.sql) invalid input syntax for type integer: (value not shown)"
    )
    assert "anna" not in _clean('duplicate key value violates unique constraint "x"\n  DETAIL:  Key (e)=(anna) exists.')


def test_dates_come_as_dates_or_text() -> None:
    day = dt.date(2026, 3, 1)
    assert as_date("2026-03-01") == as_date(day) == as_date(dt.datetime(2026, 3, 1, 5)) == day
    with pytest.raises(ValueError, match="Invalid isoformat"):
        as_date("1.3.2026")
