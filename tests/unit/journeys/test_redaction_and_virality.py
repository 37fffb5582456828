"""Quotes without what names a person; alerts on discussions that grow; samples whatever the order of rows."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest

from journeys.errors import TextError
from journeys.statistics.quotes import choose
from journeys.text.decisions import import_sheet
from journeys.text.redacting import redact
from journeys.text.virality import Rules, hourly_risk, raise_alerts

PLANTED = [
    ("Hi, I'm Jane Miller, write jane.miller@web.example", ("Jane", "Miller", "web.example")),
    ("call me on +44 7700 900123 or 07700 900 123", ("7700", "900")),
    ("my name is aoife and I live at 12 High Street, SW1A 1AA", ("aoife", "12 High", "SW1A")),
    ("where is order #1042? also ABC-12345", ("1042", "12345")),
    ("@tea_lover.99 look: https://shop.example/x?id=7", ("tea_lover", "shop.example")),
    ("Ich heiße Sabine Krüger, Hauptstraße 5, 10115 Berlin", ("Sabine", "Krüger", "Hauptstra", "10115")),
    ("Me llamo José García, Calle Mayor 12", ("José", "García", "Mayor")),
    ("Je m'appelle Émilie Masson, 5, rue de la Paix", ("Émilie", "Masson", "Paix")),
    ("JANE MILLER here. jane's mug broke", ("JANE", "MILLER", "jane")),
    ("write to tom (at) web.example please", ("tom", "web.example")),
    ("card 4111 1111 1111 1111", ("4111", "1111")),
    ("Kerkstraat 7, 1012 AB", ("Kerkstraat", "1012")),
    ("bought for my sister Siobhan", ("Siobhan",)),
]


@pytest.mark.parametrize(("text", "planted"), PLANTED)
def test_planted_personal_data_are_cut_out(text: str, planted: tuple[str, ...]) -> None:
    shown = redact(text, ["Jane Miller"], frozenset({"mug"}))
    assert [part for part in planted if part.lower() in shown.lower()] == []


@pytest.mark.parametrize(
    "text",
    [
        "I love the olive soap bar! Absolutely beautiful",
        "Hi, is the Amber Candle back in stock soon? Thanks",
        "Nothing like the pictures. Very disappointed",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert redact(text, ["Jane Miller"], frozenset({"amber", "candle", "olive", "soap", "bar"})) == text


START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def _messages(storm: int, answered: bool = False) -> pl.DataFrame:
    """Five quiet discussions, one message each two hours for four weeks; then one of them storms within an hour."""
    rows = [
        (
            f"{d}-{h}",
            f"quiet{d}",
            f"a{h % 50}",
            "instagram",
            START + dt.timedelta(hours=h, minutes=d),
            h % 10 == 0,
            None,
            None,
        )
        for d in range(5)
        for h in range(0, 24 * 28, 2)
    ]
    at = START + dt.timedelta(days=28, hours=9)
    reply = at + dt.timedelta(hours=2) if answered else None
    rows += [
        (f"s{i}", "quiet1", f"b{i}", "instagram", at + dt.timedelta(minutes=i % 59), True, 500, reply)
        for i in range(storm)
    ]
    return pl.DataFrame(
        rows,
        schema={
            "touchpoint_id": pl.String, "discussion_key": pl.String, "author": pl.String, "channel": pl.String,
            "occurred_at": pl.Datetime("us", "UTC"), "is_negative": pl.Boolean, "reach": pl.Int64,
            "answered_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )  # fmt: skip


def test_a_storm_is_raised_once_and_quiet_hours_never() -> None:
    until = START + dt.timedelta(days=29)
    alerts = raise_alerts(_messages(storm=30), START, until)
    assert alerts["kind"].to_list() == ["viral"]
    row = alerts.row(0, named=True)
    assert row["discussion_key"] == "quiet1"
    assert row["raised_at"] == START + dt.timedelta(days=28, hours=10)
    assert row["velocity"] == 30
    assert row["risk"] > row["threshold"]
    assert raise_alerts(_messages(storm=0), START, until).is_empty()
    shuffled = raise_alerts(_messages(storm=30).sample(fraction=1, shuffle=True, seed=3), START, until)
    assert shuffled.equals(alerts)


def test_the_formula_by_hand() -> None:
    at = START
    rows = hourly_risk(
        pl.DataFrame(
            {
                "discussion_key": ["d"] * 4, "author": ["a", "b", "c", "d"], "channel": ["x"] * 4,
                "occurred_at": [at, at + dt.timedelta(hours=1), at + dt.timedelta(hours=1, minutes=5),
                                at + dt.timedelta(hours=1, minutes=9)],
                "is_negative": [False, True, True, True], "reach": [None, 96, None, None],
            }
        )
    )  # fmt: skip
    last = rows.row(1, named=True)
    assert (last["velocity"], last["growth"]) == (3, 1.5)
    assert last["negative_share"] == 0.75
    assert last["reach"] == 96 + 3  # three authors without an estimate reach themselves
    # two active hours (1 and 3 messages): median 2, MAD 1
    assert last["risk"] == pytest.approx(1 / 1.4826 * 0.75 * math.log(100))


def test_an_influential_author_without_answer() -> None:
    messages = _messages(storm=0).vstack(
        _messages(storm=1).tail(1).with_columns(pl.lit(50_000).cast(pl.Int64).alias("reach"))
    )
    until = START + dt.timedelta(days=29)
    found = raise_alerts(messages, START, until)
    assert found["kind"].to_list() == ["unanswered"]
    assert found["raised_at"][0] == START + dt.timedelta(days=28, hours=10)
    in_time = messages.with_columns((pl.col("occurred_at") + pl.duration(minutes=30)).alias("answered_at"))
    assert raise_alerts(in_time, START, until).is_empty()
    assert raise_alerts(messages, START, until, Rules(influential_reach=60_000)).is_empty()


def test_the_sample_is_of_every_stratum_and_weighs_what_it_stands_for() -> None:
    messages = pl.DataFrame(
        [
            (f"{n:032x}", f"c{n % 12}", "stage", "positive" if n % 4 else "negative", "x", dt.date(2026, 1, 5))
            for n in range(40)
        ],
        schema=["touchpoint_id", "golden_customer_id", "stage_code", "sentiment_class", "channel", "week_start"],
        orient="row",
    )
    sample = choose(messages)
    assert sample.group_by("sentiment_class").len().sort("sentiment_class")["len"].to_list() == [3, 3]
    assert (sample["stratum_messages"] / sample["stratum_sampled"]).sum() == pytest.approx(40)
    assert choose(messages.reverse()).equals(sample)


def test_a_wrong_code_names_its_line(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "touchpoint_id,sentiment_class,intent,topic,note\n"
        "00000000-0000-0000-0000-000000000001,,,,\n00000000-0000-0000-0000-000000000002,great,,,\n"
    )
    with pytest.raises(TextError, match=r"line 3, sentiment_class: 'great' is unknown; write one of positive"):
        import_sheet(sheet, "anna")
