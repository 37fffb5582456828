"""dbt's own unit tests, and the coverage check of the stage rules, on a small database."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_nights import Brand, build_night, promote_night

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"


@pytest.fixture(scope="module")
def built(brand: Brand) -> Brand:
    promote_night(brand, brand.dates[0])
    build_night(brand.dates[0])
    return brand


def _dbt(arguments: list[str], tmp_path: Path) -> object:
    from dbt.cli.main import dbtRunner

    from warehouse.dbt_invocation import _environment, _quiet_logging

    places = [
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(tmp_path),
        "--log-path",
        str(tmp_path),
    ]
    with _environment(), _quiet_logging():
        return dbtRunner().invoke([*arguments, *places, "--log-level", "none", "--log-level-file", "none"])


def test_dbt_unit_tests_pass(built: Brand, tmp_path: Path) -> None:
    result = _dbt(["test", "--select", "test_type:unit"], tmp_path)
    statuses = {item.node.name: str(item.status) for item in result.result}
    assert len(statuses) >= 5
    assert set(statuses.values()) == {"pass"}, statuses


def test_a_touchpoint_type_without_a_rule_stops_the_build_and_is_named(built: Brand) -> None:
    import warehouse

    with warehouse.connect() as connection:
        connection.execute(
            "update intermediate.int_touchpoints set touchpoint_type = 'brand_new_thing'"
            " where touchpoint_type = 'page_view'"
        )
    date = built.dates[0]
    assert warehouse.find_affected(date, everyone=True) > 0
    with pytest.raises(Exception, match=r"without a stage rule.*brand_new_thing"):
        warehouse.run_dbt("marts", date, select="fct_touchpoints")
