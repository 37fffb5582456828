"""Nights through the real dbt layers: incremental equals full, no change does nothing, marts agree with raw."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest
from simulated_nights import Brand, build_night, promote_night

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from recipe import REPOSITORY, Kitchen

FINGERPRINT = (
    "select count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0) from {} as t"
)


def _tables(schema: str) -> list[str]:
    import warehouse

    with warehouse.connect() as connection:
        rows = connection.execute(
            "select tablename from pg_tables where schemaname = %s order by 1", (schema,)
        ).fetchall()
    return [str(row[0]) for row in rows]


def _fingerprints() -> dict[str, tuple[int, int]]:
    """Mart → (rows, sum of row hashes): equal only for equal sets of rows."""
    from psycopg import sql

    import warehouse

    result = {}
    with warehouse.connect() as connection:
        connection.execute("set time zone 'UTC'")
        for table in _tables("marts"):
            row = connection.execute(sql.SQL(FINGERPRINT).format(sql.Identifier("marts", table))).fetchone()
            result[table] = (int(row[0]), int(row[1]))
    return result


def _one(query: str) -> object:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchone()[0]


@pytest.fixture(scope="module")
def nights(brand: Brand) -> list[int]:
    """Affected customers of each of the three nights, built one after another."""
    affected = [brand.affected_first]
    for date in brand.dates[1:]:
        promote_night(brand, date)
        affected.append(build_night(date))
    return affected


def test_later_nights_touch_few_customers(nights: list[int]) -> None:
    assert nights[0] > 100
    assert 0 < nights[1] < nights[0] / 2
    assert 0 < nights[2] < nights[0] / 2


def test_every_touchpoint_of_a_customer_is_published(nights: list[int]) -> None:
    expected = _one(
        "select count(*) from intermediate.int_touchpoints t"
        " join intermediate.int_person_records r using (source_record_key)"
        " where not t.is_deleted and not r.is_internal and not r.is_deleted"
    )
    assert _one("select count(*) from marts.fct_touchpoints") == expected
    assert expected > 500


def test_orders_and_refunds_equal_the_raw_rows(nights: list[int]) -> None:
    web = "raw.shopify__orders_export where is_first_line and not _is_deleted"
    assert _one("select count(*) from marts.fct_orders where source_platform = 'shopify'") == _one(
        f"select count(*) from {web}"
    )
    assert _one("select sum(total_amount) from marts.fct_orders where source_platform = 'shopify'") == _one(
        f"select sum(total) from {web}"
    )
    assert _one(
        "select coalesce(sum(refund_amount), 0) from marts.fct_refunds where source_platform = 'shopify'"
    ) == _one(f"select coalesce(sum(refunded_amount), 0) from {web}")
    till = "raw.point_of_sale__invoice_line where not _is_deleted"
    assert _one(
        "select coalesce(sum(refund_amount), 0) from marts.fct_refunds where source_platform = 'point_of_sale'"
    ) == _one(f"select coalesce(-sum(round(quantity * unit_price, 2)), 0) from {till} and invoice_no like 'C%'")


def test_a_first_order_is_numbered_one_for_everyone_who_ordered(nights: list[int]) -> None:
    assert (
        _one(
            "select count(*) from (select golden_customer_id, min(customer_order_no) as low,"
            " max(customer_order_no) as high, count(customer_order_no) as orders"
            " from marts.fct_orders where is_counted group by 1) as o where low <> 1 or high <> orders"
        )
        == 0
    )


def test_rows_yield_what_their_contracts_say(nights: list[int]) -> None:
    """What `check` tells an author of a contract is what dbt makes of its rows, for every platform."""
    import connectors
    import warehouse

    declared: dict[str, tuple[set[str], set[str]]] = {}
    for platform in connectors.platforms():
        yields = [export.yields for export in connectors.load_contract(platform).objects.values()]
        declared[platform] = (
            {kind for one in yields for kind in one.touchpoints},
            {kind for one in yields for kind in one.identifiers},
        )
    with warehouse.connect() as connection:
        touchpoints = connection.execute(
            "select distinct source_platform, touchpoint_type from intermediate.int_touchpoints"
        ).fetchall()
        identifiers = connection.execute(
            "select distinct r.source_platform, i.identifier_type from intermediate.int_identifiers i"
            " join intermediate.int_person_records r using (source_record_key)"
        ).fetchall()
    assert sorted(row for row in touchpoints if row[1] not in declared[row[0]][0]) == []
    assert sorted(row for row in identifiers if row[1] not in declared[row[0]][1]) == []
    # all platforms of persons are there; of some a brand of 120 persons may have no row
    rare = {"brandwatch", "facebook_shops", "sprout", "trustpilot"}
    assert {p for p, (types, _) in declared.items() if types} - {row[0] for row in touchpoints} <= rare


def test_nothing_new_builds_nothing(nights: list[int], brand: Brand) -> None:
    import warehouse

    date = brand.dates[-1]
    assert warehouse.run_dbt("persons", date).status == "unchanged"
    assert warehouse.run_dbt("touchpoints", date).status == "unchanged"
    assert warehouse.find_affected(date) == 0


# Rows that arrive in an awkward order: an invoice before its correction, the brand's answer before the question, a
# message before its sender is known to be the brand. Exports with columns beside the contract, which later change.
EARLY = """
insert into raw.point_of_sale__invoice_line (invoice_no, line_number, stock_code, quantity, invoice_date, unit_price,
    customer_id, _batch_id, _export_date, _row_hash, _changed_seq)
values ('T1', 1, 'SKU', 1, '2026-03-02 10:00+00', 10, '77001', 1, '2026-03-04', gen_random_uuid(),
    nextval('ops.changed_seq'));
insert into raw.instagram__comment (id, text, timestamp, from_id, from_self_ig_scoped_id, parent_id, _batch_id,
    _export_date, _row_hash, _changed_seq)
values ('answer', 'Thank you', '2026-03-02 11:00+00', 'brand', 'brand', 'question', 1, '2026-03-04', gen_random_uuid(),
    nextval('ops.changed_seq'));
insert into raw.instagram__comment (id, text, timestamp, from_id, from_self_ig_scoped_id, _batch_id, _export_date,
    _row_hash, _changed_seq)
values ('edited', 'I love it, this is wonderful!', '2026-03-02 11:30+00', 'critic', null, 1, '2026-03-04',
    gen_random_uuid(), nextval('ops.changed_seq'));
insert into raw.instagram__message (id, created_time, from_id, to_id, message, _batch_id, _export_date, _row_hash,
    _changed_seq)
values ('message', '2026-03-02 12:00+00', 'second brand', 'fan', 'Hello', 1, '2026-03-04', gen_random_uuid(),
    nextval('ops.changed_seq'));
update raw.shopify__orders_export set _extra = '{"x_Gift": "yes", "Till": 3}', _changed_seq = nextval('ops.changed_seq')
where is_first_line and name in (select name from raw.shopify__orders_export order by name limit 2);
update raw.shopify__customers_export set _extra = '{"x_tier": "gold"}', _changed_seq = nextval('ops.changed_seq')
where customer_key = (select min(customer_key) from raw.shopify__customers_export);
"""
LATE = """
update raw.instagram__comment set text = 'I hate it, it is terrible!', _changed_seq = nextval('ops.changed_seq')
where id = 'edited';
update raw.shopify__orders_export set _extra = null, _changed_seq = nextval('ops.changed_seq')
where is_first_line and name = (select min(name) from raw.shopify__orders_export);
update raw.point_of_sale__invoice_line set customer_id = '77002', _changed_seq = nextval('ops.changed_seq')
where invoice_no = 'T1';
insert into raw.instagram__comment (id, text, timestamp, from_id, from_self_ig_scoped_id, _batch_id, _export_date,
    _row_hash, _changed_seq)
values ('question', 'How much?', '2026-03-02 10:30+00', 'fan', null, 1, '2026-03-05', gen_random_uuid(),
        nextval('ops.changed_seq')),
    ('post', 'News', '2026-03-02 09:00+00', 'second brand', 'second brand', 1, '2026-03-05', gen_random_uuid(),
        nextval('ops.changed_seq'));
"""


def _till_accounts() -> list[tuple[str, bool, int]]:
    """(customer number, whether a tombstone, published links) of the invoice's two buyers."""
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(
            "select r.source_record_id, r.is_deleted, count(b.*) from intermediate.int_person_records r"
            " left join marts.bridge_customer_identities b using (source_record_key)"
            " where r.source_record_id in ('77001', '77002') group by 1, 2 order by 1"
        ).fetchall()


def _social_touchpoints() -> list[tuple[str, str, str]]:
    """(type, event, person) of the planted rows as they stand."""
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(
            "select t.touchpoint_type, t.source_event_id, r.source_record_id from intermediate.int_touchpoints t"
            " join intermediate.int_person_records r using (source_record_key) where not t.is_deleted"
            " and t.source_event_id in ('answer', 'question', 'message', 'post') order by 1"
        ).fetchall()


def _said(event: str) -> object:
    """How the published message of an event sounds; one per message."""
    return _one(
        "select array_agg(sentiment_class) from marts.fct_messages join marts.fct_touchpoints using (touchpoint_id)"
        f" where source_event_id = '{event}'"
    )


def test_rows_in_awkward_order_end_as_if_they_had_come_together(nights: list[int], brand: Brand) -> None:
    """What a full look makes of them is compared by the next test."""
    import warehouse

    for days, rows in ((1, EARLY), (2, LATE)):
        with warehouse.connect() as connection:
            connection.execute(rows)
        build_night(brand.dates[-1] + dt.timedelta(days=days))
        if rows is EARLY:
            assert _till_accounts() == [("77001", False, 1)]
            assert _social_touchpoints() == [("direct_message_received", "message", "second brand")]
            assert _said("edited") == ["positive"]
    assert _said("edited") == ["negative"]  # an edited message is scored anew, and is one message still
    # columns beside the contract reach the mart while the export has them; those that no seed names do not
    found = _one("select array_agg(x_columns::text) from marts.fct_orders where x_columns is not null")
    assert found == ['{"x_gift": "yes"}']
    assert _one("select array_agg(x_columns::text) from marts.dim_customers where x_columns is not null") == [
        '{"x_tier": "gold"}'
    ]
    # the old buyer has no row left; the question's person got the answer and the message
    assert _till_accounts() == [("77001", True, 0), ("77002", False, 1)]
    assert _social_touchpoints() == [
        ("direct_message_sent", "message", "fan"),
        ("social_comment", "question", "fan"),
        ("social_reply_sent", "answer", "fan"),
    ]
    owner = "select source_record_id from intermediate.int_orders o join intermediate.int_person_records r using"
    assert _one(f"{owner} (source_record_key) where o.order_id = 'point_of_sale:T1'") == "77002"


def test_credits_in_sql_are_those_of_the_pure_functions(nights: list[int]) -> None:
    import numpy as np

    import warehouse
    from journeys import attribution

    rows = warehouse.read_arrow(
        """
        select conversion_id::text as conversion, channel, hours_to_conversion::float8 / 24 as days, is_last_non_direct,
            is_channel_first, linear_credit::float8 as linear, position_credit::float8 as position,
            j_shaped_credit::float8 as j_shaped, inverse_j_credit::float8 as inverse_j,
            time_decay_credit::float8 as time_decay, markov.credit::float8 as markov_path,
            coalesce(removal_effect, 0)::float8 as effect
        from marts.fct_attribution_touches
        join marts.fct_markov_credits as markov using (conversion_id, touch_no)
        left join marts.attribution_fit using (conversion_type, channel)
        where touch_count > 0 order by conversion_id, touch_no
        """
    ).to_pydict()
    _, starts = np.unique(rows["conversion"], return_index=True)
    offsets = np.append(np.sort(starts), len(rows["conversion"]))
    assert len(offsets) > 50
    for model in ("linear", "position", "j_shaped", "inverse_j", "time_decay"):
        wanted = attribution.rule_credits(model, offsets, np.array(rows["days"]))
        # hours are published with four decimals, so the age of a touch is known to a fraction of a second
        assert np.abs(np.array(rows[model]) - wanted).max() < (1e-6 if model == "time_decay" else 2e-9), model
    channels = np.array(rows["channel"])
    assert (np.array(rows["is_channel_first"]) == attribution.participation(channels, offsets).astype(bool)).all()
    assert (np.array(rows["is_last_non_direct"]) == attribution.last_non_direct(channels, offsets).astype(bool)).all()
    wanted = attribution.path_credits(np.array(rows["effect"]), np.arange(len(channels)), offsets)
    assert np.abs(np.array(rows["markov_path"]) - wanted).max() < 1e-5  # effects are taken in whole billionths


def test_incremental_equals_full(nights: list[int], brand: Brand) -> None:
    before = _fingerprints()
    assert build_night(brand.dates[-1], full=True) >= nights[0]
    after = _fingerprints()
    assert {table: before[table] for table in before if before[table] != after[table]} == {}
    assert before["fct_stage_entries"][0] > 300
    # A look at everything writes nothing that it finds unchanged.
    newest = _one("select max(build_seq) from ops.node_results where layer = 'touchpoints'")
    assert _one(f"select count(*) from intermediate.int_touchpoints where _changed_seq = {newest}") == 0


def test_bi_tools_find_keys_by_reflection(nights: list[int]) -> None:
    import sqlalchemy

    import warehouse

    engine = sqlalchemy.create_engine(warehouse.sqlalchemy_url())
    metadata = sqlalchemy.MetaData()
    metadata.reflect(engine, schema="marts")
    engine.dispose()
    tables = metadata.tables.values()
    assert [table.name for table in tables if not table.primary_key.columns] == []
    pointing = {(key.parent.table.name, key.column.table.name) for table in tables for key in table.foreign_keys}
    by_customer = {table.name for table in tables if "golden_customer_id" in table.columns} - {"dim_customers"}
    assert {(name, "dim_customers") for name in by_customer} <= pointing
    assert {
        ("fct_touchpoints", "dim_touchpoint_types"), ("fct_touchpoints", "dim_channels"),
        ("fct_touchpoints", "dim_stages"), ("fct_order_lines", "fct_orders"), ("fct_refunds", "fct_orders"),
        ("fct_stage_entries", "fct_journeys"),
    } <= pointing  # fmt: skip
    # a deleted row is looked for in all tables that point to it: by an index, never by reading them
    without = [
        constraint.name
        for table in tables
        for constraint in table.foreign_key_constraints
        if constraint.columns[0].name
        not in {index.columns[0].name for index in table.indexes} | {next(iter(table.primary_key.columns)).name}
    ]
    assert without == []


@pytest.fixture(scope="module")
def kitchen(nights: list[int], brand: Brand, tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    """docs/add-a-model.md, followed to the letter in a copy of the project, on the published brand."""
    night = brand.dates[-1] + dt.timedelta(days=2)
    kitchen = Kitchen.open(tmp_path_factory.mktemp("recipe") / "project", NIGHT=night.isoformat())
    kitchen.follow(REPOSITORY / "docs" / "add-a-model.md")
    return kitchen


def test_a_model_is_tried_on_everybody_and_leaves_nothing_behind(kitchen: Kitchen) -> None:
    tried, again = kitchen.printed[0], kitchen.printed[1]
    assert "built in sandbox_anna" in tried
    assert "built in sandbox_anna" in again
    assert _one("select to_regnamespace('sandbox_anna') is null") is True
    cells = _one(
        "select count(*) from (select distinct sales_channel, extract(hour from ordered_at at time zone 'UTC')"
        " from marts.fct_orders where is_counted) as c"
    )
    assert f"{cells:,} rows" in tried
    assert _one("select count(*) from marts.order_hour") == cells


def test_the_model_s_mart_agrees_with_its_orders_and_is_described(kitchen: Kitchen) -> None:
    assert _one("select array[sum(orders), sum(revenue)] from marts.order_hour") == _one(
        "select array[count(*), sum(total_reporting_amount)] from marts.fct_orders where is_counted"
    )
    comment = _one("select obj_description('marts.order_hour'::regclass)")
    assert str(comment).startswith("One row per sales channel and hour")
    assert _one(f"select count(*) from ({kitchen.queries[-1]}) as answer") == 3
