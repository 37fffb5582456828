"""Segment, GA4 and Snowplow say what their events may become: what the seeds make of them, neither more nor less."""

from __future__ import annotations

import csv
import json
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


def test_a_parquet_extract_gives_the_same_ga4_events_as_json_lines(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from connectors.parsing.source import open_sources

    value = pa.struct([("string_value", pa.string()), ("int_value", pa.int64()), ("double_value", pa.float64())])
    given = pa.list_(pa.struct([("key", pa.string()), ("value", value)]))
    schema = pa.schema([(name, pa.string()) for name in PAGE if name != "event_timestamp"])
    schema = schema.append(pa.field("event_timestamp", pa.int64())).append(pa.field("event_params", given))
    number = {"key": "ga_session_id", "value": {"string_value": None, "int_value": 17, "double_value": None}}
    text = {"key": "page_location", "value": {"string_value": "https://a.example/", "int_value": None}}
    record = {**PAGE, "event_timestamp": 1772000000000000, "event_params": [number, text]}
    pq.write_table(pa.Table.from_pylist([record], schema=schema), tmp_path / "events.parquet")
    line = json.dumps({**PAGE, "event_params": json.loads(params(SESSION, PLACE))})
    (tmp_path / "events.json").write_text(line + "\n")
    export = connectors.load_contract("ga4").objects["event"]
    rows = []
    for name in ("events.parquet", "events.json"):
        (form,) = [form for form in export.files if form.format == name.split(".")[1]]
        for source in open_sources("ga4", export, form, tmp_path / name, name, print):
            rows += [row for batch in source.batches() for row in batch.to_pylist()]
    told = [{column: row[column] for column in export.columns if column != "event_params"} for row in rows]
    assert told[0] == told[1] and told[0]["param_page_location"] == "https://a.example/"
