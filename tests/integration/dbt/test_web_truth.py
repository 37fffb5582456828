"""Published truth about stitching visitors: dbt-ga4's unit tests and dbt-labs' Snowplow sessions.

The files are others' inputs and expected outputs (samples/ga4/velir_dbt_ga4_MIT, samples/snowplow/dbt_labs_apache2).
Here the inputs become exports, and what Journeyline makes of them is compared with what was expected.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from simulated_nights import Brand, promote_night

NIGHT = dt.date(2026, 3, 1)
SECONDS = 1_683_000_000  # the mapping's times are small numbers


def rows(path: Path) -> list[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def ga4_event(client: str, micros: int, user: str | None = None, **more: object) -> dict[str, object]:
    day = dt.datetime.fromtimestamp(micros / 1_000_000, dt.UTC).strftime("%Y%m%d")
    return {
        "event_date": day, "event_timestamp": str(micros), "event_name": "page_view", "event_params": [],
        "stream_id": "1", "user_pseudo_id": client, "user_id": user, **more,
    }  # fmt: skip


def ga4_events(folder: Path) -> list[dict[str, object]]:
    """The inputs of the three unit tests as events; clients of each have a prefix of their own."""
    made = [
        ga4_event(f"map.{row['client_key']}", (SECONDS + int(row["event_timestamp"])) * 1_000_000, row["user_id"])
        for row in rows(folder / "user_id_mapping__input.csv")
    ]
    for row in rows(folder / "first_last_events__input.csv"):
        geo = {"country": row["geo_country"], "region": row["geo_region"]}
        device = {
            "category": row["device_category"],
            "operating_system_version": row["device_operating_system_version"],
        }
        made.append(ga4_event("first.last", int(row["event_timestamp"]), geo=geo, device=device))
    for row in rows(folder / "last_non_direct_source__input.csv"):
        way = {"manual_source": row["session_source"], "manual_medium": row["session_medium"]}
        way["manual_campaign_name"] = row["session_campaign"]
        params = [{"key": "ga_session_id", "value": {"string_value": row["session_partition_key"]}}]
        micros = int(row["session_partition_timestamp"]) * 1_000_000
        made.append(ga4_event("non.direct", micros, collected_traffic_source=way, event_params=params))
    return made


def report(exports: Path, night: dt.date, created: str, views: list[tuple[str, str, int]]) -> None:
    """A YouTube report of one day: (video, country, views)."""
    folder = exports / "youtube" / "channel_basic_a2" / f"dt={night}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["date,channel_id,video_id,live_or_on_demand,subscribed_status,country_code,views,subscribers_gained"]
    for video, country, count in views:
        gained = 0 if video else 3
        lines.append(f"20260227,UCbrand,{video},on_demand,subscribed,{country},{count},{gained}")
    (folder / f"20260227_{created}.csv").write_text("\n".join(lines) + "\n")


built_exports: list[Path] = []


@pytest.fixture(scope="module")
def built(full_database: str, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Persons, identities and touchpoints of both tools' truth; the samples folder."""
    import connectors
    import resolution
    import warehouse

    exports = tmp_path_factory.mktemp("web") / "exports"
    ga4, snowplow = (exports / name / "event" / f"dt={NIGHT}" for name in ("ga4", "snowplow"))
    ga4.mkdir(parents=True)
    lines = [json.dumps(event) for event in ga4_events(samples / "ga4" / "velir_dbt_ga4_MIT")]
    (ga4 / "events.json").write_text("\n".join(lines) + "\n")
    snowplow.mkdir(parents=True)
    for path in (samples / "snowplow" / "dbt_labs_apache2").glob("sp_event*.csv"):
        shutil.copyfile(path, snowplow / path.name)
    for platform in connectors.platforms():
        for name in connectors.load_contract(platform).objects:
            warehouse.ensure_tables(connectors.table_spec(platform, name))
    report(exports, NIGHT, "20260301T083000Z", [("v1", "DE", 7), ("v1", "GB", 2), ("", "DE", 0), ("v2", "DE", 4)])
    report(exports, NIGHT, "20260301T070000Z", [("v1", "DE", 999)])  # superseded in the same drop
    promote_night(Brand(exports, (NIGHT,)), NIGHT)
    warehouse.run_dbt("persons", NIGHT)
    resolution.accept_run(resolution.resolve_night(NIGHT).run_id)
    warehouse.run_dbt("touchpoints", NIGHT)
    built_exports.append(exports)
    return samples


def query(statement: str, *parameters: object) -> list[tuple]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(statement, parameters).fetchall()


LOGINS = """
    select distinct on (records.source_record_id)
        records.source_record_id, identifiers.identifier_value, identifiers.last_seen_at
    from intermediate.int_person_records as records
    join intermediate.int_identifiers as identifiers using (source_record_key)
    where records.source_platform = %s and records.record_kind = 'cookie' and identifiers.identifier_type = 'account_id'
    order by records.source_record_id, identifiers.last_seen_at desc
"""


def test_a_client_is_the_user_it_last_logged_in_as(built: Path) -> None:
    expected = {
        f"map.{row['client_key']}": (
            row["last_seen_user_id"],
            dt.datetime.fromtimestamp(SECONDS + int(row["last_seen_user_id_timestamp"]), dt.UTC),
        )
        for row in rows(built / "ga4" / "velir_dbt_ga4_MIT" / "user_id_mapping__expected.csv")
    }
    assert {client: (user, at) for client, user, at in query(LOGINS, "ga4")} == expected


def test_clients_of_one_user_become_one_customer_and_one_without_a_login_stays_alone(built: Path) -> None:
    found = query(
        "select r.source_record_id, g.golden_customer_id from intermediate.int_person_records as r"
        " join identity.record_links as g using (source_record_key)"
        " where r.source_platform = 'ga4' and (r.source_record_id like 'map.%%' or r.record_kind = 'account')"
    )
    customer = dict(found)
    assert customer["map.a1"] == customer["A"]
    assert customer["map.c1"] == customer["map.c2"] == customer["C"]
    assert len(set(customer.values())) == 4  # A, B, C and the client that never logged in
    assert list(customer.values()).count(customer["map.d1"]) == 1


def test_first_and_last_event_of_a_client(built: Path) -> None:
    (expected,) = rows(built / "ga4" / "velir_dbt_ga4_MIT" / "first_last_events__expected.csv")
    found = query(
        "select e.geo_country, e.geo_region, e.device_category, t.occurred_at from intermediate.int_touchpoints as t"
        " join raw.ga4__event as e on e.event_key = t.source_event_id"
        " where e.user_pseudo_id = 'first.last' order by t.occurred_at"
    )
    for which, (country, region, category, _) in zip(("first", "last"), (found[0], found[-1]), strict=True):
        assert (country, region, category) == tuple(
            expected[f"{which}_{name}"] for name in ("geo_country", "geo_region", "device_category")
        )
    assert (found[-1][3] - found[0][3]) == dt.timedelta(microseconds=1)
    seen = query(
        "select first_seen_at, last_seen_at from intermediate.int_person_records where source_record_id = 'first.last'"
    )
    assert seen == [(found[0][3], found[-1][3])]


def test_a_direct_visit_belongs_to_the_last_way_in_that_was_not(built: Path) -> None:
    """`web_site`: the event tells no way in. Sessions between take over the last one that did."""
    found = query(
        "select e.param_ga_session_id, t.channel, t.campaign from intermediate.int_touchpoints as t"
        " join raw.ga4__event as e on e.event_key = t.source_event_id"
        " where e.user_pseudo_id = 'non.direct' order by t.occurred_at"
    )
    carried, last = {}, (None, None)
    for session, channel, campaign in found:
        last = (session, campaign) if channel != "web_site" else last
        carried[session] = last
    assert carried == {
        row["session_partition_key"]: (row["session_partition_key_last_non_direct"], row["last_non_direct_campaign"])
        for row in rows(built / "ga4" / "velir_dbt_ga4_MIT" / "last_non_direct_source__expected.csv")
    }


def test_snowplow_page_views_are_the_published_ones(built: Path) -> None:
    folder = built / "snowplow" / "dbt_labs_apache2"
    expected = Counter(
        (row["session_id"], None if row["marketing_campaign"] == "NULL" else row["marketing_campaign"])
        for row in rows(folder / "snowplow_page_views_expected.csv")
    )
    found = query(
        "select e.domain_sessionid, t.campaign from intermediate.int_touchpoints as t"
        " join raw.snowplow__event as e on e.event_id = t.source_event_id"
        " where t.touchpoint_type in ('page_view', 'ad_click_visit')"
    )
    assert Counter(found) == expected


def test_snowplow_visitors_are_the_users_that_the_published_sessions_infer(built: Path) -> None:
    expected = {
        row["user_snowplow_domain_id"]: row["inferred_user_id"]
        for row in rows(built / "snowplow" / "dbt_labs_apache2" / "snowplow_sessions_expected.csv")
    }
    users = {cookie: user for cookie, user, _ in query(LOGINS, "snowplow")}
    assert {cookie: users.get(cookie, cookie) for cookie in expected} == expected


FIGURES = """
    select metric_level, coalesce(content_id, ''), metric_name, coalesce(breakdown, ''), metric_value
    from intermediate.int_channel_metrics where source_object = 'channel_basic_a2' and not is_deleted
"""


def figures_of(views: list[tuple[str, str, int]], gained: int) -> set[tuple]:
    """What a report of one day comes to: totals of channel and videos, the channel by country and subscription."""
    found: Counter[tuple] = Counter()
    for video, country, count in views:
        parts = [("account", "", ""), ("account", "", f"country_code={country}"), ("account", "", SUBSCRIBED)]
        parts += [("content", video, "")] if video else []
        for level, content, breakdown in parts:
            found[level, content, "views", breakdown] += count
    for breakdown in ("", "country_code=DE", SUBSCRIBED) if gained else ():
        found["account", "", "subscribers_gained", breakdown] = gained
    return {(*key, count) for key, count in found.items() if count}


SUBSCRIBED = "subscribed_status=subscribed"


FIRST = [("v1", "DE", 7), ("v1", "GB", 2), ("", "DE", 0), ("v2", "DE", 4)]
CORRECTED = [("v1", "DE", 8), ("v1", "FR", 1), ("", "DE", 0)]


@pytest.fixture(scope="module")
def corrected(built: Path) -> set[tuple]:
    """A second night: a backfilled report, and a restated GA4 date whose event is a user's now. The figures before."""
    import warehouse

    before, night, exports = set(query(FIGURES)), NIGHT + dt.timedelta(days=1), built_exports[0]
    report(exports, night, "20260302T083000Z", CORRECTED)
    folder = exports / "ga4" / "event" / f"dt={night}"
    folder.mkdir(parents=True)
    (first, *_) = [
        event for event in ga4_events(built / "ga4" / "velir_dbt_ga4_MIT") if event["user_pseudo_id"] == "non.direct"
    ]
    (folder / "events.json").write_text(json.dumps({**first, "user_id": "Z"}) + "\n")
    promote_night(Brand(exports, (night,)), night)
    warehouse.run_dbt("persons", night)
    warehouse.run_dbt("touchpoints", night)
    return before


def test_a_backfilled_report_replaces_its_day_in_the_channels_figures(corrected: set[tuple]) -> None:
    """Parts are added up, the newest of two files of a drop counts, and what a backfill lacks is gone."""
    assert corrected == figures_of(FIRST, gained=3)
    assert set(query(FIGURES)) == figures_of(CORRECTED, gained=3)


def test_a_restated_ga4_event_that_became_a_users_leaves_the_cookie(corrected: set[tuple]) -> None:
    """The date is replaced whole: the event without a user is a tombstone, and the one of the user a new touchpoint."""
    found = query(
        "select records.record_kind, records.source_record_id, touchpoints.is_deleted"
        " from intermediate.int_touchpoints as touchpoints"
        " join intermediate.int_person_records as records using (source_record_key)"
        " join raw.ga4__event as events on events.event_key = touchpoints.source_event_id"
        " where events.param_ga_session_id = 'A' order by 1"
    )
    assert found == [("account", "Z", False), ("cookie", "non.direct", True)]
    (seen,) = query("select is_deleted from intermediate.int_person_records where source_record_id = 'non.direct'")
    assert seen == (False,)  # its other visits are still the cookie's
