"""Nights through the real dbt layers: incremental equals full, no change does nothing, marts agree with raw."""

from __future__ import annotations

import pytest
from simulated_nights import Brand, build_night, promote_night

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
    affected = []
    for date in brand.dates:
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
        " join intermediate.int_person_records r using (source_record_key) where not t.is_deleted and not r.is_internal and not r.is_deleted"
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


def test_nothing_new_builds_nothing(nights: list[int], brand: Brand) -> None:
    import warehouse

    date = brand.dates[-1]
    assert warehouse.run_dbt("persons", date).status == "unchanged"
    assert warehouse.run_dbt("touchpoints", date).status == "unchanged"
    assert warehouse.find_affected(date) == 0


def test_incremental_equals_full(nights: list[int], brand: Brand) -> None:
    before = _fingerprints()
    assert build_night(brand.dates[-1], full=True) >= nights[0]
    after = _fingerprints()
    assert {table: before[table] for table in before if before[table] != after[table]} == {}
    assert before["fct_stage_entries"][0] > 300
    # A look at everything writes nothing that it finds unchanged.
    newest = _one("select max(build_seq) from ops.node_results where layer = 'touchpoints'")
    assert _one(f"select count(*) from intermediate.int_touchpoints where _changed_seq = {newest}") == 0
