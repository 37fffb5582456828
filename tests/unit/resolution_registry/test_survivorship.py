"""Golden records and consent."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest

from resolution.errors import ConfigError
from resolution.survivorship import COLUMNS, CONSENTS, RULES_PATH, golden_records, parse_survivorship_rules


def day(number: int) -> dt.datetime:
    return dt.datetime(2024, 1, number, tzinfo=dt.UTC)


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    schema: dict[str, Any] = dict.fromkeys(
        ("golden_customer_id", "source_record_key", "source_platform", "record_kind", *COLUMNS, *CONSENTS), pl.String
    )
    schema |= {"is_email_verified": pl.Boolean, "first_seen_at": pl.Datetime("us", "UTC")}
    schema |= {"last_seen_at": pl.Datetime("us", "UTC")}
    usual = {"golden_customer_id": "g", "source_platform": "shop", "record_kind": "account"}
    filled = [usual | {"source_record_key": f"k{i}"} | row for i, row in enumerate(rows)]
    return pl.DataFrame([{c: r.get(c) for c in schema} for r in filled], schema=schema)


def one(*rows: dict[str, Any]) -> dict[str, Any]:
    result = golden_records(table(*rows))
    assert result.height == 1
    return result.row(0, named=True)


def test_an_account_beats_an_order_and_says_so() -> None:
    golden = one({"record_kind": "order_contact", "full_name": "J Doe"}, {"full_name": "Jane Doe"})
    assert golden["full_name"] == "Jane Doe"
    assert json.loads(golden["provenance"])["name"] == {"source_record_key": "k1", "rule": "kind"}
    assert golden["conflicts"] == ["name"]


def test_a_relay_address_survives_only_where_there_is_no_other() -> None:
    relay = {"email": "x1@privaterelay.appleid.com"}
    assert one(relay, {"record_kind": "cookie", "email": "jane@mail.com"})["email"] == "jane@mail.com"
    assert one(relay)["email"] == relay["email"]


def test_an_address_survives_whole() -> None:
    golden = one(
        {"address_line": "1 Mill Lane", "city": "Bath", "postcode": "BA1 1LN", "last_seen_at": day(1)},
        {"postcode": "LS1 4AP", "last_seen_at": day(9)},
    )
    assert (golden["address_line"], golden["city"], golden["postcode"]) == ("1 Mill Lane", "Bath", "BA1 1LN")


def test_the_newest_decides_where_all_else_is_equal() -> None:
    golden = one({"phone": "+441", "last_seen_at": day(1)}, {"phone": "+442", "last_seen_at": day(2)})
    assert golden["phone"] == "+442"
    assert json.loads(golden["provenance"])["phone"]["rule"] == "recency"


@pytest.mark.parametrize(
    ("statements", "result"),
    [(["subscribed", "unsubscribed"], "unsubscribed"), (["subscribed", None], "subscribed"), ([None, None], None),
     (["unsubscribed", None], "unsubscribed")],
)  # fmt: skip
def test_a_merge_never_gives_consent(statements: list[str | None], result: str | None) -> None:
    rows = [{"email_consent": s, "email_consent_at": day(i + 1)} for i, s in enumerate(statements)]
    for order in (rows, rows[::-1]):
        assert one(*order)["email_consent"] == result


def test_blanks_are_nothing_and_case_is_no_conflict() -> None:
    golden = one({"email": " "}, {"email": "A@Mail.com"}, {"email": "a@mail.com"})
    assert golden["email"] is not None and golden["conflicts"] == []


def test_nobody_is_nobody() -> None:
    golden = one({"record_kind": "cookie"})
    assert golden["is_identified"] is False and golden["provenance"] == "{}"
    assert one({"record_kind": "social_profile"})["is_identified"]
    assert one({"record_kind": "guest_order", "phone": "+441"})["is_identified"]


def test_counts_and_order_independence() -> None:
    rows = table(
        {"first_seen_at": day(3), "last_seen_at": day(4), "email": "a@mail.com"},
        {"source_platform": "help", "first_seen_at": day(1), "last_seen_at": day(9), "email": "b@mail.com"},
        {"golden_customer_id": "h", "family_name": "Ali"},
    )
    golden = golden_records(rows)
    assert golden.equals(golden_records(rows.reverse()))
    row = golden.row(0, named=True)
    assert (row["record_count"], row["platform_count"]) == (2, 2)
    assert (row["first_seen_at"], row["last_seen_at"]) == (day(1), day(9))


def test_wrong_rules_are_named() -> None:
    import yaml

    document = yaml.safe_load(RULES_PATH.read_text())
    document["attributes"]["email"]["criteria"] = ["loudest"]
    with pytest.raises(ConfigError, match="loudest"):
        parse_survivorship_rules(document)
    with pytest.raises(ConfigError, match="kinds"):
        parse_survivorship_rules({"attributes": {}})
    document = yaml.safe_load(RULES_PATH.read_text())
    del document["attributes"]["company"]
    with pytest.raises(ConfigError, match="exactly one"):
        parse_survivorship_rules(document)
