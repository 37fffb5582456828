"""Contracts: the ones that ship are valid; mistakes are named with file, key and what to write instead."""

from __future__ import annotations

import pytest

from connectors import contracts, load_contract, platforms, table_spec
from connectors.contracts import read_contract
from connectors.errors import ContractError
from connectors.naming import snake_case

GOOD = """
platform: shop
title: Shop
description: Test.
objects:
  sale:
    description: One row = one sale.
    files:
      - {pattern: "sale/dt={date}/*.csv", format: csv}
    key: [id]
    columns:
      id: {required: true}
      amount: {type: "numeric(18,2)"}
"""


def write(tmp_path, text, name="shop.yml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_shipped_contracts_give_tables():
    assert set(platforms()) >= {"instagram", "point_of_sale", "segment", "shopify", "zendesk"}
    for platform in platforms():
        for name, export in load_contract(platform).objects.items():
            spec = table_spec(platform, name)
            assert spec.table == f"{platform}__{name}"
            assert set(spec.key) <= set(spec.column_names)
            assert all(export.columns[column].required for column in spec.key)


def test_the_order_export_has_all_79_columns_of_the_vendor():
    columns = load_contract("shopify").objects["orders_export"].columns
    assert len([c for c in columns.values() if not c.derived or c.from_]) == 79


def test_a_good_contract_needs_yaml_only(tmp_path):
    contract = read_contract(write(tmp_path, GOOD))
    assert contract.objects["sale"].columns["amount"].type == "numeric(18,2)"
    assert contract.objects["sale"].columns["id"].header_names == ("id",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: [id]", "key: [number]", ["shop.yml: objects.sale", "key names 'number'", "add the column"]),
        ("key: [id]", "keys: [id]", ["objects.sale.keys", "not a key of the contract format"]),
        ("format: csv", "format: xml", ["format", "'csv', 'tsv', 'json' or 'parquet'"]),
        ('"numeric(18,2)"', "money", ["columns.amount.type", "unknown type 'money'", "numeric(18,2)"]),
        ("{required: true}", "{}", ["key column 'id' may be blank", "required: true"]),
        ("sale/dt={date}/*.csv", "../dt={date}/*.csv", ["must stay inside the platform's folder"]),
        ("sale/dt={date}/*.csv", "sale/*.csv", ["write {date}"]),
        ("{required: true}", "{required: true, clean: bleach}", ["clean", "'apostrophe'"]),
        ("{required: true}", "{required: true, pii: secret}", ["pii", "'email'"]),
        ("{required: true}", "{required: true, time_zone: Mars}", ["unknown time zone", "Europe/London"]),
        ("{required: true}", '{required: true, from: "a\'; drop"}', ["no header or path", "via.source.rel"]),
        ("{required: true}", "{required: true, derived: true}", ["no transform to make it"]),
        ("    key: [id]", "    key: [id]\n    transform: magic", ["unknown transform 'magic'", "invoice_lines"]),
        ("    key: [id]", "    key: [id]\n    restatement: replace_partition", ["belong together"]),
        ("format: csv", "format: csv, rows: a.b", ["belongs to format json"]),
        ("format: csv", "format: csv, delimiter: '::'", ["one plain character"]),
        ("format: csv", "format: csv, encoding: klingon", ["unknown encoding", "windows-1252"]),
        ("      amount:", "      id:", ["the key 'id' is written twice"]),
        ("      amount:", "      Amount!:", ["lower-case words joined by _"]),
        ("platform: shop", "platform: store", ["write `platform: shop`"]),
        ("title: Shop", "", ["title", "is missing; add it"]),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, words):
    assert old in GOOD
    with pytest.raises(ContractError) as caught:
        read_contract(write(tmp_path, GOOD.replace(old, new, 1)))
    for word in ["shop.yml", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\x00"])
def test_no_contract_at_all(tmp_path, text):
    with pytest.raises(ContractError, match=r"shop\.yml"):
        read_contract(write(tmp_path, text))


def test_unknown_platforms_and_objects():
    with pytest.raises(ContractError, match=r"known platforms: .*instagram"):
        load_contract("../../etc/passwd")
    with pytest.raises(ContractError, match="it has comment"):
        contracts.find_object("instagram", "nothing")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Billing Zip", "billing_zip"), ("via.source.from.address", "via_source_from_address"), ("InvoiceNo",
        "invoice_no"),
        ("CustomerID", "customer_id"), ("Tax 1 Name", "tax_1_name"), ("Lineitem compare at price",
        "lineitem_compare_at_price"),
        ("anonymousId", "anonymous_id"), ("_fivetran_synced", "fivetran_synced"), ("", ""), ("Id", "id"),
    ],
)  # fmt: skip
def test_one_rule_for_names(source, name):
    assert snake_case(source) == name
