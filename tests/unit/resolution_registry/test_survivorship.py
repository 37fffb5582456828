"""Golden records and consent."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.errors import ConfigError
from resolution.survivorship import COLUMNS, CONSENTS, RULES_PATH, golden_records, parse_survivorship_rules


def day(number: int) -> dt.datetime:
    return dt.datetime(2024, 1, number, tzinfo=dt.UTC)


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    schema: dict[str, Any] = dict.fromkeys(
        ("golden_customer_id", "source_record_key", "source_platform", "record_kind", *COLUMNS, *CONSENTS), pl.String
    )
    schema |= {"is_email_verified": pl.Boolean, "first_seen_at": pl.Datetime("us", "UTC")}
    schema |= dict.fromkeys(("last_seen_at", "email_consent_at"), pl.Datetime("us", "UTC"))
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
     (["unsubscribed", None], "unsubscribed"), (["Subscribed", "bounced"], None), (["bounced", None], None),
     (["Unsubscribed ", "bounced", "subscribed"], "unsubscribed")],
)  # fmt: skip
def test_a_merge_never_gives_consent(statements: list[str | None], result: str | None) -> None:
    rows = [{"email_consent": s, "email_consent_at": day(i + 1)} for i, s in enumerate(statements)]
    for order in (rows, rows[::-1]):
        assert one(*order)["email_consent"] == result


def test_consent_speaks_for_the_address_it_was_given_for() -> None:
    shop = {"email": "jane@mail.com"}
    letter = {"record_kind": "subscriber", "email": "jane@work.com", "email_consent": "subscribed"}
    assert one(shop, letter)["email_consent"] is None
    assert one(shop, letter | {"email": "Jane@Mail.com"})["email_consent"] == "subscribed"
    assert one(shop, letter | {"email_consent": "unsubscribed"})["email_consent"] == "unsubscribed"
    assert one({"phone": "+44 1"}, {"phone": "+441", "sms_consent": "subscribed"})["sms_consent"] == "subscribed"
    golden = one(letter, letter | {"email_consent": "unsubscribed"})
    assert json.loads(golden["provenance"])["email_consent"] == {"source_record_key": "k1", "rule": "most restrictive"}


STATEMENTS = [None, "subscribed", "unsubscribed", "pending"]
TIMES = [None, day(1), day(9)]
ADDRESSES = [None, "a@mail.com", "b@mail.com"]


def test_every_combination_of_statements_is_no_more_than_its_strictest() -> None:
    """All triples of statement, time and address of two records: 1,296 customers at once."""
    kinds = list(itertools.product(STATEMENTS, TIMES, ADDRESSES))
    cases = list(itertools.product(kinds, kinds))
    rows = [
        {
            "golden_customer_id": f"g{n:05}", "source_record_key": f"k{n:05}{i}", "email_consent": said,
            "email_consent_at": when, "email": address,
        }
        for n, case in enumerate(cases) for i, (said, when, address) in enumerate(case)
    ]  # fmt: skip
    golden = golden_records(table(*rows))
    assert golden.height == len(cases)
    seen = set()
    for case, consent, email in zip(cases, golden["email_consent"], golden["email"], strict=True):
        said = [s for s, _, _ in case]
        seen.add(consent)
        assert (consent == "unsubscribed") == ("unsubscribed" in said)  # older or newer, of whatever address
        if consent == "subscribed":
            assert "pending" not in said
            assert any(s == "subscribed" and a in (email, None) for s, _, a in case)
        # together they may do no more than one of them alone with the surviving address
        alone = [s for s, _, a in case if a in (email, None) or email is None]
        assert consent != "subscribed" or "subscribed" in alone
    assert seen == {None, "subscribed", "unsubscribed"}


VALUES: dict[str, list[Any]] = {
    "source_platform": ["shop", "help"], "record_kind": ["account", "order_contact", "lead", "cookie"],
    "email": [None, "a@mail.com", "A@mail.com", "b@mail.com", "x@privaterelay.appleid.com"],
    "phone": [None, "+441", "+44 1", "+442"], "full_name": [None, "Jane Doe", "JANE DOE", "J. Doe"],
    "given_name": [None, "Jane"], "family_name": [None, "Doe", "Roe"], "birth_date": [None, "1990-01-01", "1991-01-01"],
    "address_line": [None, "1 Mill Lane", "1, Mill Lane"], "postcode": [None, "BA1 1LN", "ba11ln", "LS1 4AP"],
    "email_consent": STATEMENTS, "is_email_verified": [None, True, False], "last_seen_at": TIMES,
    "golden_customer_id": ["g", "h", "i"],
}  # fmt: skip
GROUPS = {
    "name": ["full_name", "given_name", "family_name"],
    "address": ["address_line", "city", "postcode", "region", "country_code"],
}
PEOPLE = st.lists(st.fixed_dictionaries({c: st.sampled_from(v) for c, v in VALUES.items()}), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, st.randoms(use_true_random=False))
def test_any_order_and_any_batch_give_the_same(people: list[dict[str, Any]], rng: Any) -> None:
    rows = table(*people)
    golden = golden_records(rows)
    order = list(range(rows.height))
    rng.shuffle(order)
    assert golden.equals(golden_records(rows[order], batch_records=1))
    for customer in golden["golden_customer_id"]:  # of its own records only
        alone = golden_records(rows.filter(pl.col("golden_customer_id") == customer))
        assert alone.equals(golden.filter(pl.col("golden_customer_id") == customer))
    for row in golden.iter_rows(named=True):
        own = {r["source_record_key"]: r for r in rows.iter_rows(named=True)}
        for name, origin in json.loads(row["provenance"]).items():
            columns = GROUPS.get(name, [name])
            # what survived is what its record says, whole
            assert [row[c] for c in columns] == [own[origin["source_record_key"]][c] for c in columns]


def test_an_installation_prefers_its_own_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"source_platform": "help", "phone": "+441"}, {"source_platform": "shop", "phone": "+442"}]
    assert one(*rows)["phone"] == "+441"
    own = tmp_path / "survivorship.yml"
    text = RULES_PATH.read_text().replace("sources: []", "sources: [shop, help]")
    own.write_text(text.replace("[usable, kind, frequency, recency]", "[usable, source, kind]"))
    monkeypatch.setenv("JOURNEYLINE_SURVIVORSHIP", str(own))
    golden = one(*rows)
    assert golden["phone"] == "+442" and json.loads(golden["provenance"])["phone"]["rule"] == "source"
    monkeypatch.setenv("JOURNEYLINE_SURVIVORSHIP", str(tmp_path / "nowhere.yml"))
    with pytest.raises(ConfigError, match=r"nowhere\.yml: cannot be read"):
        one(*rows)


def test_only_trusted_records_are_in_conflict() -> None:
    account, lead = {"email": "jane@mail.com"}, {"record_kind": "lead", "email": "doe@mail.com"}
    assert one(account, lead)["conflicts"] == []
    assert one(account, lead | {"record_kind": "contact"})["conflicts"] == ["email"]
    assert one(account, {"email": "x@privaterelay.appleid.com"})["conflicts"] == []
    whole = {"full_name": "Jane Doe", "address_line": "1 Mill Lane", "postcode": "BA1 1LN", "country_code": "GB"}
    same = {"given_name": "JANE", "family_name": "Doe", "address_line": "1, mill lane", "postcode": "ba1 1ln"}
    assert one(whole, same)["conflicts"] == []


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
