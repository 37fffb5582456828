"""`check`: what an author of a contract is told about sample files. No warehouse."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from connectors.cli import app

CONTRACT = """
platform: stampcard
title: Stampcard
description: A loyalty card.
objects:
  stamp:
    description: One row = one stamp.
    files: [{pattern: "stamp/dt={date}/*.csv", format: csv}]
    key: [stamp_id]
    yields:
      identifiers: {email: [member_email], account_id: [card_no, old_card_no], shoe_size: [points]}
      touchpoints: [social_comment, stamp_collected]
    columns:
      stamp_id: {required: true}
      card_no: {pii: id}
      old_card_no: {pii: id}
      member_email: {pii: email}
      points: {type: integer}
  reward:
    description: One row = one reward.
    files: [{pattern: "reward/dt={date}/*.csv", format: csv}]
    key: [reward_id]
    columns: {reward_id: {required: true}}
"""
STAMPS = (
    "stamp_id,card_no,old_card_no,member_e_mails,points,colour\n"
    "1,C1,,ada.example@mail.test,5,red\n2,C1,C0,,x,\n3,,C0,bo.example@mail.test,,\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "stampcard.yml").write_text(CONTRACT)
    (tmp_path / "stamps.csv").write_text(STAMPS)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_everything_an_author_asks(folder):
    result = run(folder / "stampcard.yml", folder / "stamps.csv")
    text = " ".join(result.output.split())
    assert result.exit_code == 0, text
    for words in (
        "stamps.csv csv 3 2 1",
        "1 row rejected: points is not a whole number.",
        "change its type in connectors/contracts/stampcard.yml",
        "stamp_id text 100% key, required",
        "member_email text 0% pii: email",
        "2 columns are not in the contract",
        "member_e_mails – meant for member_email?",
        "account_id card_no, old_card_no 2 100% 2",
        "email member_email 0 0% 0",
        "shoe_size is no identifier type",
        "social_comment",
        "stamp_collected has no row in dbt_project/seeds/touchpoint_types.csv",
    ):
        assert words in text
    assert "mail.test" not in text
    assert max(map(len, result.output.splitlines())) <= 100


def test_the_same_for_programs(folder):
    result = run(folder / "stampcard.yml", folder / "stamps.csv", "--json", "-o", "stamp")
    (found,) = json.loads(result.output)
    assert found["files"][0]["rejected"][0]["rows"] == 1
    assert found["files"][0]["unknown_columns"] == {"colour": None, "member_e_mails": "member_email"}
    assert found["identifiers"]["account_id"] == {"columns": ["card_no", "old_card_no"], "rows": 2, "distinct": 2}
    assert "comment" in found["touchpoints"]["social_comment"]["stages"]
    assert found["columns"]["points"] == {"type": "integer", "rows_with_value": 1, "pii": None}


def test_which_object_a_file_is_of(folder):
    (folder / "other.csv").write_text("reward_id\n1\n")
    asked = run(folder / "stampcard.yml", folder / "other.csv")
    assert "may be a file of stamp, reward: say which with --object" in asked.output
    assert run(folder / "stampcard.yml", folder / "other.csv", "--object", "reward").exit_code == 0
    placed = folder / "reward" / "dt=2026-01-31"
    placed.mkdir(parents=True)
    (folder / "other.csv").rename(placed / "x.csv")
    assert "stampcard.reward" in run(folder / "stampcard.yml", placed / "x.csv").output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("card_no\n1\n", "lacks the required column 'stamp_id'"),
        ("<html><title>404 Not Found</title></html>", "web page or XML (404)"),
        ("stamp_id,points\n1,a\n2,b\n", "2 rows rejected"),
    ],
)
def test_a_file_that_is_no_good(folder, content, words):
    (folder / "stamps.csv").write_text(content)
    result = run(folder / "stampcard.yml", folder / "stamps.csv")
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())


def test_a_contract_that_is_no_good(folder):
    path = folder / "stampcard.yml"
    path.write_text(CONTRACT.replace("key: [stamp_id]", "key: [stamp]"))
    result = run(path)
    assert result.exit_code == 2
    assert "stampcard.yml: objects.stamp: key names 'stamp', which is not among columns" in result.output


@pytest.mark.parametrize("name", ["youtube", "instagram.comment", "shopify__orders_export"])
def test_contracts_by_name(name):
    result = run(name)
    assert result.exit_code == 0
    assert name.replace("__", ".").split(".")[0] in result.output
