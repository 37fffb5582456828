"""Segment, GA4 and Snowplow say what their events may become: what the seeds make of them, neither more nor less."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import connectors
from connectors import transforms

SEEDS = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds"


@pytest.mark.parametrize(("platform", "name"), [("segment", "message"), ("ga4", "event"), ("snowplow", "event")])
def test_a_contract_yields_what_the_seed_of_web_events_names(platform: str, name: str) -> None:
    with (SEEDS / "web_events.csv").open(newline="", encoding="utf-8") as file:
        types = {row["touchpoint_type"] for row in csv.DictReader(file)}
    yields = connectors.load_contract(platform).objects[name].yields
    assert set(yields.touchpoints) == types | {"page_view", "ad_click_visit", "identify", "web_other"}
    assert {"account_id", "cookie_id", "order_id"} <= set(yields.identifiers)


def ga4_keys(*events: dict[str, str | None]) -> list[dict[str, str | None]]:
    """Cells of events as the transform gives them back."""
    names = (
        "event_key", "event_date", "stream_id", "user_pseudo_id", "user_id", "event_name", "event_timestamp",
        "record_id", "event_params", "param_ga_session_id", "param_page_location", "param_value",
    )  # fmt: skip
    cells = pa.Table.from_pylist([{name: event.get(name) for name in names} for event in events])
    cells = cells.cast(pa.schema([(name, pa.string()) for name in names]))
    return transforms.load("ga4_event_keys", duckdb.connect())(cells).to_pylist()


def params(*pairs: tuple[str, str]) -> str:
    """event_params: (key, JSON of the value)."""
    return "[" + ",".join(f'{{"key":"{key}","value":{value}}}' for key, value in pairs) + "]"


SESSION, PLACE = ("ga_session_id", '{"int_value":"17"}'), ("page_location", '{"string_value":"https://a.example/"}')
PAGE = {"event_date": "20260301", "event_name": "page_view", "event_timestamp": "1772000000000000", "stream_id": "1"}


def test_ga4_parameters_become_columns_whatever_their_type() -> None:
    (row,) = ga4_keys({**PAGE, "event_params": params(SESSION, PLACE, ("value", '{"double_value":12.5}'))})
    assert (row["param_ga_session_id"], row["param_page_location"], row["param_value"]) == (
        "17", "https://a.example/", "12.5",
    )  # fmt: skip


def test_the_same_ga4_event_has_one_key_however_it_is_written() -> None:
    same = ga4_keys(
        {**PAGE, "user_pseudo_id": "1.2", "event_params": params(SESSION, PLACE)},
        {**PAGE, "user_pseudo_id": "GA1.1.1.2", "event_params": params(PLACE, SESSION)},
        {**PAGE, "event_date": "2026-03-01", "user_pseudo_id": "1.2", "event_params": params(
            ("ga_session_id", '{"string_value": null, "int_value": "17", "float_value": null}'), PLACE)},
    )  # fmt: skip
    assert len({row["event_key"] for row in same}) == 1
    assert {row["user_pseudo_id"] for row in same} == {"1.2"}


def test_another_user_time_or_parameter_is_another_ga4_event() -> None:
    event = {**PAGE, "user_pseudo_id": "1.2", "event_params": params(SESSION)}
    others = ga4_keys(
        event,
        {**event, "user_id": "7"},
        {**event, "event_timestamp": "1772000000000001"},
        {**event, "event_params": params(SESSION, PLACE)},
        {**event, "event_params": None},
        {**event, "event_params": "not JSON"},
    )
    assert len({row["event_key"] for row in others}) == 5  # without parameters, and with broken ones, is the same
    assert all(row["event_key"] for row in others)
