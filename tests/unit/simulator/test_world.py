"""The world before it is written: persons, journeys, planted effects, determinism, cost."""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import OutputError, SettingsError, SimulationSettings, simulate
from simulator.behaviour import S
from simulator.draws import Draws
from simulator.effects import measured_effects
from simulator.persons import NEVER
from simulator.records import spelled_phone, typed
from simulator.text import digits, money, uuids
from simulator.vocabulary import COUNTRIES
from simulator.world import World, build_world


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(SimulationSettings(customers=20_000, nights=7, seed=5, output=Path("unused")))


def digest(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.*"))
    }


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(SimulationSettings(customers=400, nights=3, seed=seed, output=tmp_path / name))
    a, b, c = (digest(tmp_path / n) for n in "abc")
    assert a == b and len(a) > 30
    assert sum(a[k] != c.get(k) for k in a) > 25


def test_chunk_size_changes_no_content(tmp_path: Path) -> None:
    for name, rows in (("small", 1000), ("large", 100_000)):
        simulate(
            SimulationSettings(customers=700, nights=2, seed=4, output=tmp_path / name, faults=False, chunk_rows=rows)
        )
    for path in sorted((tmp_path / "large").glob("*/*/*/*")):
        other = tmp_path / "small" / path.relative_to(tmp_path / "large")
        left, right = path.read_bytes(), other.read_bytes()
        assert (gzip.decompress(left) == gzip.decompress(right)) if path.suffix == ".gz" else left == right


def test_steps_move_forward_in_time(world: World) -> None:
    steps = world.steps
    same = steps.person[1:] == steps.person[:-1]
    assert (np.diff(steps.at)[same] >= 0).all() and (np.diff(steps.person) >= 0).all()
    end = world.window(6)[1]
    assert steps.at.max() < end and steps.at.min() >= end - 127 * 86_400


def test_orders_are_shipped_after_payment_and_delivered_after_shipping(world: World) -> None:
    shop = world.shop
    sent = shop.shipped_at >= 0
    assert (shop.shipped_at[sent] > shop.at[sent]).all() and (shop.delivered_at[sent] > shop.shipped_at[sent]).all()
    assert (shop.cancelled_at[~sent] > shop.at[~sent]).all()
    back = shop.refunded_at >= 0
    assert (shop.refunded_at[back] > shop.at[back]).all() and (shop.refund_cents[back] > 0).all()
    assert (shop.refund_cents <= shop.total).all()


def test_waiting_begins_with_the_label_and_ends_with_the_delivery(world: World) -> None:
    steps = world.steps
    received = np.flatnonzero((steps.state == S["receive"]) & (world.step_shop >= 0))
    assert (steps.at[received] >= world.shop.delivered_at[world.step_shop[received]]).all() and len(received) > 1000
    orders = np.flatnonzero((steps.state[:-1] == S["order"]) & (steps.state[1:] == S["wait"]))
    assert (steps.at[orders + 1] == world.shop.shipped_at[world.step_shop[orders]] - 1800).all()


def test_planted_effects_can_be_measured(world: World) -> None:
    found = measured_effects(world)
    lift = found["campaign_lift"]
    assert 1.35 < lift["with_campaign"]["rate"] / lift["without"]["rate"] < 1.75 and lift["with_campaign"]["n"] > 500
    spike = found["complaint_spike"]
    assert 4 < spike["complaints_that_day"] / spike["daily_mean_before"] < 9
    stock = found["stock_questions"]
    assert stock["cycles_with_stock_question"]["rate"] < 0.6 * stock["cycles_with_other_question"]["rate"]
    delays = found["delayed_deliveries"]
    assert abs(delays["delayed_share"]["rate"] - 0.08) < 0.015
    assert delays["refund_when_delayed"]["rate"] > 5 * delays["refund_when_not"]["rate"]
    assert delays["bad_review_when_delayed"]["rate"] > 3 * delays["bad_review_when_not"]["rate"]
    outcry = found["outcry"]
    assert outcry["comments"] >= 40 and max(outcry["comments_by_hour"]) > 3 * outcry["comments_by_hour"][0]
    before, *weeks = found["hashtag"]["messages_before"], *found["hashtag"]["messages_by_week"]
    assert sum(weeks) > 3 * before
    companies = found["companies"]
    assert companies["ordered"]["of_companies"]["rate"] > 1.15 * companies["ordered"]["others"]["rate"]
    complaints = companies["complaints_per_delivery"]
    assert complaints["troubled"]["rate"] > 1.5 * complaints["other_companies"]["rate"]
    offers = found["offers"]
    assert offers["while_offered"]["rate"] > offers["otherwise"]["rate"] and all(offers["orders_by_code"].values())
    coded = offers["web_orders_with_code"]
    assert coded["deal_seeker"]["rate"] > 1.5 * coded["practical"]["rate"]
    assert abs(found["stock_alerts"]["ordered"]["rate"] - 0.45) < 0.1
    assert abs(found["support"]["reopened"]["rate"] - 0.10) < 0.04


def test_seasons(world: World) -> None:
    at = world.web.at[: len(world.web)]
    days = np.bincount((at // 86_400 + 3) % 7, minlength=7)
    assert days[[5, 6]].mean() > 1.15 * days[[1, 2]].mean()
    hours = np.bincount(at // 3600 % 24, minlength=24)
    assert hours[19:22].mean() > 5 * hours[2:5].mean()


def test_personas_behave_differently(world: World) -> None:
    persons = np.arange(len(world.persons))
    buyers = np.isin(persons, world.shop.person)
    rates = [buyers[world.persons.persona == p].mean() for p in range(4)]
    assert rates[2] > 2 * rates[3]


def test_people_are_as_messy_as_people_are(world: World) -> None:
    p = world.persons
    assert p.email.n_unique() > 0.97 * len(p) and p.is_email_shared.sum() > 100 and p.is_phone_shared.sum() > 500
    families = pl.Series(p.family).value_counts(sort=True)
    assert families["count"][0] > 20 * families["count"].median()  # many Smiths, few of most
    namesakes = np.flatnonzero(p.is_namesake)
    heads = namesakes - p.position[namesakes]
    assert (
        len(namesakes) > 100
        and (p.given[namesakes] == p.given[heads]).all()
        and (p.household[namesakes] == p.household[heads]).all()
    )
    assert (p.birth_day[namesakes] != p.birth_day[heads]).mean() > 0.95
    for moment in (p.email_change_at, p.phone_change_at, p.move_at, p.name_change_at):
        assert 0 < (moment < NEVER).mean() < 0.1
    first, later = p.phone, p.phone_after
    changed = p.phone_change_at < NEVER
    assert len(set(later.filter(pl.Series(changed))) & set(first)) > 10, "no phone number was recycled"


def test_phone_numbers_are_real_ones_in_every_spelling(world: World) -> None:
    who = np.arange(600)
    spelled = spelled_phone(world.draws, world.persons, who, 0, who, "test")
    for number, text, country in zip(world.persons.phone, spelled, world.persons.country[who], strict=False):
        parsed = phonenumbers.parse(text, COUNTRIES[country].code)
        assert phonenumbers.is_valid_number(parsed), text
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
    assert (spelled != world.persons.phone[:600]).sum() > 200


def calls(customers: int) -> int:
    count = 0

    def note(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event == "call"

    settings_ = SimulationSettings(customers=customers, nights=3, seed=1, output=Path("unused"))
    build_world(settings_)
    sys.setprofile(note)
    try:
        build_world(settings_)
    finally:
        sys.setprofile(None)
    return count


def test_cost_in_python_does_not_grow_with_the_people() -> None:
    small, large = calls(1000), calls(20_000)
    assert large < 1.6 * small  # twenty times the people; only the longest journey grows


@given(seed=st.integers(0, 2**63 - 1), index=st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
@settings(max_examples=60, deadline=None)
def test_draws_are_pure_functions_of_seed_stream_and_index(seed: int, index: list[int]) -> None:
    rows = np.array(index, dtype=np.int64)
    draws = Draws(seed)
    u = draws.uniform("s", rows)
    assert ((u >= 0) & (u < 1)).all() and (u == Draws(seed).uniform("s", rows)).all()
    assert (u[::-1] == draws.uniform("s", rows[::-1])).all()
    assert (draws.below("s", rows, 7) < 7).all() and set(draws.choice("s", rows, (0, 1, 0))) == {1}


@given(st.lists(st.text(alphabet="abcdeéß ", min_size=3, max_size=12), min_size=1, max_size=30), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_typing_errors_change_one_place(words: list[str], seed: int) -> None:
    wrong = typed(Draws(seed), "s", np.arange(len(words)), pl.Series(words), 1.0).to_list()
    for word, other in zip(words, wrong, strict=True):
        assert abs(len(word) - len(other)) <= 1 and other[0] == word[0]


@given(st.integers(-(10**9), 10**9))
def test_money(cents: int) -> None:
    assert round(float(money(np.array([cents]))[0]) * 100) == cents


def test_text_columns() -> None:
    made = uuids(np.array([1, 2], dtype=np.uint64), np.array([2**63, 5], dtype=np.uint64)).to_list()
    assert made[0] != made[1] and all(len(u) == 36 and u[14] == "4" for u in made)
    assert digits(np.array([7, 1234]), 3).to_list() == ["007", "234"]


@pytest.mark.parametrize(
    "change", [{"customers": 0}, {"nights": 0}, {"history_days": 0}, {"seed": -1}, {"chunk_rows": 5}]
)
def test_impossible_settings_say_which(change: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        SimulationSettings(**{"customers": 10, "nights": 1, "seed": 1, "output": Path("x"), **change})  # type: ignore[arg-type]


def test_output_must_be_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="not an empty folder"):
        simulate(SimulationSettings(customers=10, nights=1, seed=1, output=tmp_path))


@pytest.mark.parametrize("customers", [1, 2, 30])
def test_tiny_brands_work_and_closed_tills_send_nothing(tmp_path: Path, customers: int) -> None:
    output = tmp_path / "b"
    brand = SimulationSettings(customers=customers, nights=4, seed=customers, output=output)
    assert simulate(brand).persons == customers
    for night in range(4):
        assert list(output.glob(f"shopify/orders_export/dt={brand.night_date(night).isoformat()}/*"))
    tills = list(output.glob("point_of_sale/invoice_line/dt=*/*"))
    assert all(gzip.decompress(file.read_bytes()).count(b"\n") > 1 for file in tills)
    assert customers > 2 or len(tills) < 4
