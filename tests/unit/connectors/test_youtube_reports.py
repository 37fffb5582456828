"""The contract knows the 18 types of YouTube's bulk reports, with the columns of the published schemas."""

from __future__ import annotations

import json

import pytest

import connectors

WAREHOUSE_FORM = {"record_id", "synced_at"}


@pytest.fixture(scope="module")
def published(samples):
    """report type → (dimensions, columns)."""
    folder = samples / "youtube" / "airbyte_MIT"
    reports = json.loads((folder / "channel_reports.json").read_text())
    return {
        report["id"]: (
            report["dimensions"],
            set(json.loads((folder / "schemas" / f"{report['id']}.json").read_text())["properties"]),
        )
        for report in reports
    }


def test_every_report_type_is_an_object_with_the_published_columns(published):
    objects = connectors.load_contract("youtube").objects
    assert len(published) == 18
    for name, (dimensions, columns) in published.items():
        assert set(objects[name].key) == set(dimensions), name
        assert set(objects[name].columns) - WAREHOUSE_FORM == columns, name


def test_a_backfill_replaces_a_day_of_a_channel_and_no_report_names_a_person(published):
    objects = connectors.load_contract("youtube").objects
    for name in published:
        assert (objects[name].restatement, objects[name].partition) == ("replace_partition", ("date", "channel_id"))
        assert objects[name].yields.metrics and not objects[name].yields.touchpoints
        assert not any(column.pii for column in objects[name].columns.values())
