"""A customer who is erased is nowhere left, never comes back under the old id, and stays out of later exports."""

from __future__ import annotations

import datetime as dt
from hashlib import md5
from typing import Any

import pyarrow as pa
import pytest

import connectors
import warehouse
from resolution.forgetting import ErasureError, forget
from resolution.lineage import lineage
from tests.integration.resolution.resolution_world import RECORD_COLUMNS, Brand, Record, key_of, make_world
from tests.integration.resolution.test_identity_increment import check_history
from warehouse.deny import DenyListError

EMAIL, PHONE, NAME, ACCOUNT, COOKIE = "zuri.quelle@mail.com", "+442079460018", "Zuri Quelle", "77100042", "visit-77-abc"
HOME_PHONE = "+442079469999"
FRIEND = "omar.other@mail.com"
DAY, AT = dt.date(2024, 3, 1), dt.datetime(2024, 3, 1, tzinfo=dt.UTC)


def person(number: int, kind: str, source_id: str, **values: Any) -> Record:
    """A record of the shop (or of its web page) with identifiers for whatever it says."""
    platform = "segment" if kind == "cookie" else "shopify"
    record = dict.fromkeys(RECORD_COLUMNS) | {
        "source_record_key": key_of(platform, kind, source_id), "source_platform": platform, "record_kind": kind,
        "source_record_id": source_id, "is_internal": False, "is_deleted": False,
        "first_seen_at": "2024-01-01 00:00:00+00", "last_seen_at": "2024-01-01 00:00:00+00", **values,
    }  # fmt: skip
    ids = [(c, "global", str(values[c]), False) for c in ("email", "phone") if values.get(c)]
    if kind == "account":
        ids.append(("account_id", "shopify.customer", source_id, True))
    return Record(number, record, ids)


def put_raw(name: str, platform: str, rows: list[dict[str, Any]], date: dt.date = DAY) -> warehouse.PromoteResult:
    """Rows through landing into raw, as a night brings them."""
    spec = connectors.table_spec(platform, name)
    warehouse.ensure_tables(spec)
    columns = {
        c.name: pa.array([row.get(c.name) for row in rows]) for c in spec.columns if any(c.name in r for r in rows)
    }
    columns["_row_hash"] = pa.array([md5(repr(row).encode()).hexdigest() for row in rows])
    batch_id = warehouse.open_batch(platform, name, date)
    warehouse.load_batch(batch_id, spec, [pa.RecordBatch.from_pydict(columns)])
    warehouse.mark_landed(batch_id, len(rows))
    return warehouse.promote(batch_id, spec, unaudited=True)


def found_anywhere(brand: Brand, *values: str) -> dict[str, str]:
    """Tables of the whole database in which one of the values stands."""
    tables = brand.rows(
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'm') and n.nspname not like 'pg_%' and n.nspname <> 'information_schema'"""
    )
    assert len(tables) > 40
    found = {}
    for schema, table in tables:
        for value in values:
            if brand.rows(f"""select 1 from "{schema}"."{table}" t where t::text ilike %s limit 1""", f"%{value}%"):
                found[f"{schema}.{table}"] = value
    return found


@pytest.fixture
def erased(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> tuple[Brand, str, Record]:
    """A brand in which one person left traces everywhere; her golden id; a friend's record."""
    monkeypatch.delenv("JOURNEYLINE_DENY_SECRET", raising=False)
    name = {"given_name": "Zuri", "family_name": "Quelle", "full_name": NAME}
    hers = [
        person(1, "account", ACCOUNT, email=EMAIL, phone=HOME_PHONE, **name),
        person(1, "order_contact", "o-1", email=EMAIL, phone=PHONE, **name),
        person(1, "cookie", COOKIE, email=EMAIL),
    ]
    hers[1].identifiers.append(("order_id", "shop.order", "#9001", False))
    hers[2].identifiers.append(("cookie_id", "segment.anonymous", COOKIE, False))
    friend = person(2, "account", "88", email=FRIEND, phone=HOME_PHONE, given_name="Omar", family_name="Quelle")
    brand.put([*make_world(25, 5), *hers, friend])
    brand.night()
    links = brand.links()
    golden = links[hers[0].key]
    assert links[hers[1].key] == links[hers[2].key] == golden != links[friend.key]

    shop = [
        {"customer_key": "k1", "customer_id": ACCOUNT, "email": EMAIL, "phone": HOME_PHONE, "first_name": "Zuri"},
        {"customer_key": "k2", "customer_id": "88", "email": FRIEND, "phone": HOME_PHONE, "first_name": "Omar"},
    ]
    shop[1]["note"] = f"friend of {EMAIL.upper()}, call +44 20 7946 0018"
    put_raw("customers_export", "shopify", shop)
    lines = [
        {"name": "#9001", "line_number": 1, "is_first_line": True, "email": EMAIL, "billing_name": NAME,
         "created_at": AT},
        {"name": "#9001", "line_number": 2, "is_first_line": False, "created_at": AT},
        {"name": "#9002", "line_number": 1, "is_first_line": True, "email": FRIEND,
         "created_at": AT},
    ]  # fmt: skip
    put_raw("orders_export", "shopify", lines)
    lines[0]["billing_phone"] = HOME_PHONE
    put_raw("orders_export", "shopify", lines, DAY + dt.timedelta(days=1))  # history keeps the earlier version
    brand.run(
        f"""create table intermediate.int_touchpoints (touchpoint_id int, source_record_key uuid, content text);
            insert into intermediate.int_touchpoints values (1, '{hers[0].key}', 'hello'),
                (2, '{friend.key}', 'my friend {EMAIL} says hello');
            create table marts.dim_customers (golden_customer_id uuid primary key, full_name text);
            create table marts.dim_customer_contacts (email text, golden_customer_id uuid
                references marts.dim_customers deferrable initially deferred);
            insert into marts.dim_customers values ('{golden}', '{NAME}'), ('{links[friend.key]}', 'Omar');
            insert into marts.dim_customer_contacts values ('{EMAIL}', '{golden}');
            create table marts_undo.p1__dim_customers as select * from marts.dim_customers;
            insert into ops.rejected_rows (batch_id, file_name, line_number, reason, original_text)
            select min(batch_id), 'f.csv', 3, 'bad', 'x,{EMAIL}' from ops.batch_ledger"""
    )
    assert len(found_anywhere(brand, EMAIL)) > 8
    return brand, golden, friend


def test_nothing_is_left_and_nobody_comes_back(erased: tuple[Brand, str, Record]) -> None:
    brand, golden, _ = erased
    before = brand.links()
    with pytest.raises(ErasureError, match="author"):
        forget(golden, " ", "ticket 7")
    done = forget(golden, "dpo", "ticket 7")
    assert found_anywhere(brand, EMAIL, PHONE, NAME, ACCOUNT, COOKIE, "7946 0018") == {}
    assert done.rows["raw.shopify__customers_export"] == 1 and done.rows["raw.shopify__orders_export"] == 2
    assert done.rows["marts_undo.p1__dim_customers"] == 1 and done.denied >= 4
    # everybody else is as before: the friend, the phone that both had, the friend's order
    assert brand.links() == {key: value for key, value in before.items() if value != golden}
    assert brand.rows("select count(*) from raw.shopify__customers_export where phone is not null") == [(1,)]
    assert brand.rows("select note from raw.shopify__customers_export") == [("friend of [erased], call [erased]",)]
    assert brand.rows("select name from raw.shopify__orders_export") == [("#9002",)]
    # a tombstone, an event that marks the customer as affected, an audit row without personal data
    life = lineage(golden)
    assert (life["status"], life["present_id"], life["records"]) == ("deleted", None, [])
    assert life["events"][-1]["change_kind"] == "delete" and life["events"][-1]["reason"] == "erased"
    assert brand.rows("select status, author, reason, record_keys from ops.erasures") == [
        ("done", "dpo", "ticket 7", [])
    ]
    again = forget(golden, "dpo", "ticket 7")
    assert again.already and again.erasure_id == done.erasure_id
    check_history(brand)

    # the shop's next export still has her: she stays out, counted; a new customer comes in
    result = put_raw(
        "customers_export", "shopify",
        [
            {"customer_key": "k3", "customer_id": "101", "email": EMAIL.title(), "first_name": "Zuri"},
            {"customer_key": "k4", "customer_id": ACCOUNT, "first_name": "Z."},
            {"customer_key": "k5", "customer_id": "102", "phone": "0044 20 7946-0018"},
            {"customer_key": "k6", "customer_id": "103", "email": "new@mail.com"},
        ],
        DAY + dt.timedelta(days=2),
    )  # fmt: skip
    assert (result.rows_read, result.rows_inserted, result.rows_rejected) == (4, 1, 3)
    assert brand.rows("select object, rows_denied from ops.denied_rows") == [("customers_export", 3)]
    assert found_anywhere(brand, EMAIL, ACCOUNT, "7946-0018") == {}
    # and should her records be let in by hand, they are somebody new
    back = person(1, "account", ACCOUNT, email=EMAIL)
    brand.seq = 100  # dbt's numbers go on after the erasure's
    brand.put([back])
    brand.night()
    assert brand.links()[back.key] != golden
    assert brand.rows("select status from identity.golden_customers where golden_customer_id = %s", golden) == [
        ("deleted",)
    ]


def test_an_erasure_that_was_cut_short_goes_on(
    erased: tuple[Brand, str, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    brand, golden, friend = erased
    friend.values["city"] = "Leeds"
    brand.put([friend])
    with pytest.raises(ErasureError, match="run and accept the night first"):
        forget(golden, "dpo", "ticket 8")
    brand.night()
    monkeypatch.setenv("JOURNEYLINE_DENY_SECRET", "a long secret of this brand")
    with monkeypatch.context() as patch:
        patch.setattr("resolution.store.erase.forget_identities", _explode)
        with pytest.raises(RuntimeError, match="power"):
            forget(golden, "dpo", "ticket 8")
    assert brand.rows("select status from ops.erasures") == [("started",)]
    done = forget(golden, "dpo", "ticket 8")
    assert not done.already and done.rows["identity.record_links"] >= 3
    assert found_anywhere(brand, EMAIL, NAME, ACCOUNT) == {}
    assert brand.rows("select count(*) from identity.deny_list where kind = 'email'") == [(1,)]
    monkeypatch.setenv("JOURNEYLINE_DENY_SECRET", "another")
    with pytest.raises(DenyListError, match="another key"):
        put_raw(
            "customers_export", "shopify", [{"customer_key": "k7", "customer_id": "104", "email": "n@mail.com"}], DAY
        )


def _explode(*_: object, **__: object) -> None:
    raise RuntimeError("the power went")
