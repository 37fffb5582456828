"""Newsletters, reviews and listening: what the files show of people is what the truth says, and consent is kept."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from simulator import SimulationSettings, simulate
from simulator.platforms.letters import LEAVES, make_audience, make_mails
from simulator.world import build_world
from tests.unit.simulator.conftest import NIGHTS, night_files, text_of

Truth = Callable[[str], pl.DataFrame]
LISTS = {
    "klaviyo": "data", "mailchimp": "members emails unsubscribes reports lists", "yotpo": "reviews records response",
    "trustpilot": "reviews", "brandwatch": "results", "sprout": "data",
}  # fmt: skip


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a brand of 2,500 persons over five nights; the platforms of this file only."""
    output = tmp_path_factory.mktemp("letters") / "brand"
    simulate(SimulationSettings(2500, NIGHTS, 11, output, platforms=("judgeme", *LISTS)))
    return output


@pytest.fixture(scope="module")
def truth(brand: Path) -> Truth:
    return lambda name: pl.read_parquet(brand / "_truth" / f"{name}.parquet")


def records(brand: Path, platform: str, name: str) -> Iterator[dict[str, Any]]:
    for path in night_files(brand, platform, name):
        document = json.loads(text_of(path))
        key = next(key for key in LISTS[platform].split() if key in document)
        found = document[key]
        yield from found["unsubscribers"] if isinstance(found, dict) else found


def md5(address: str) -> str:
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def shown(brand: Path) -> dict[str, set[str]]:
    """platform → ids of persons as staging reads them out of the files."""
    judgeme = [
        row["reviewer_email"]
        for path in night_files(brand, "judgeme", "review")
        for row in csv.DictReader(io.StringIO(text_of(path), newline=""))
        if row["rating"].isdigit()
    ]
    yotpo = [r["email"] for r in records(brand, "yotpo", "review")]
    yotpo += [r["email_address"] for r in records(brand, "yotpo", "review_request")]
    mailchimp = {r["id"] for r in records(brand, "mailchimp", "member")}
    mailchimp |= {
        r["email_id"] for name in ("email_activity", "unsubscribe") for r in records(brand, "mailchimp", name)
    }
    networks = {"x.com": "x", "tiktok.com": "tiktok", "reddit.com": "reddit"}
    return {
        "klaviyo": {r["id"] for r in records(brand, "klaviyo", "profile")},
        "mailchimp": mailchimp,
        "judgeme": set(map(md5, judgeme)),
        "yotpo": set(map(md5, yotpo)),
        "trustpilot": {r["consumer"]["id"] for r in records(brand, "trustpilot", "private_review")},
        "brandwatch": {f"{networks[r['domain']]}:{r['author']}" for r in records(brand, "brandwatch", "mention")},
        "sprout": {r["from"]["guid"] for r in records(brand, "sprout", "message")},
    }


def test_the_truth_lists_exactly_the_people_of_the_files(brand: Path, truth: Truth) -> None:
    table, found = truth("identifiers"), shown(brand)
    for platform, ids in found.items():
        wanted = set(table.filter(pl.col("source_platform") == platform)["value"])
        assert ids and ids == wanted, platform


def test_events_name_profiles_that_were_sent(brand: Path) -> None:
    profiles = {r["id"] for r in records(brand, "klaviyo", "profile")}
    events = list(records(brand, "klaviyo", "event"))
    assert {e["relationships"]["profile"]["data"]["id"] for e in events} <= profiles
    metrics = {r["id"] for r in records(brand, "klaviyo", "metric")}
    assert {e["relationships"]["metric"]["data"]["id"] for e in events} < metrics
    assert all(
        datetime.fromisoformat(e["attributes"]["datetime"]).timestamp() == e["attributes"]["timestamp"] for e in events
    )


def test_a_merged_profile_gives_its_events_to_the_survivor_and_is_never_sent_again(brand: Path) -> None:
    merged: dict[str, tuple[str, str]] = {}
    for path in night_files(brand, "klaviyo", "profile_merge"):
        for call in json.loads(text_of(path))["data"]:
            merged[call["relationships"]["profiles"]["data"][0]["id"]] = (call["id"], path.parent.name)
    assert len(merged) >= 5
    for name in ("profile", "event"):
        for path in night_files(brand, "klaviyo", name):
            for record in json.loads(text_of(path))["data"]:
                whose = record["id"] if name == "profile" else record["relationships"]["profile"]["data"]["id"]
                if whose in merged and path.parent.name > "dt=2026-03-01":
                    assert path.parent.name < merged[whose][1], (name, whose)


def test_who_refused_is_never_shown_as_subscribed_later(brand: Path) -> None:
    last: dict[str, bool] = {}
    for path in night_files(brand, "klaviyo", "profile"):
        for record in json.loads(text_of(path))["data"]:
            marketing = record["attributes"]["subscriptions"]["email"]["marketing"]
            may = marketing["consent"] == "SUBSCRIBED" and not marketing["suppressions"]
            assert may <= last.get(record["id"], True)
            last[record["id"]] = may or marketing["consent"] == "NEVER_SUBSCRIBED"
    assert 0 < sum(not may for may in last.values()) < len(last) / 2
    refused = {r["id"] for r in records(brand, "klaviyo", "suppression")}
    assert refused <= {ident for ident, may in last.items() if not may}


def test_a_members_id_is_the_md5_of_the_address_and_the_contact_stays(brand: Path, truth: Truth) -> None:
    contacts: dict[str, set[str]] = {}
    for record in records(brand, "mailchimp", "member"):
        assert record["id"] == md5(record["email_address"])
        contacts.setdefault(record["contact_id"], set()).add(record["id"])
    people = truth("identifiers").filter(pl.col("source_platform") == "mailchimp")
    owner = dict(zip(people["value"], people["person_id"], strict=True))
    assert all(len({owner[ident] for ident in ids}) == 1 for ids in contacts.values())


def test_reports_count_the_activity_that_was_sent(brand: Path) -> None:
    clicks: set[tuple[str, ...]] = set()
    for record in records(brand, "mailchimp", "email_activity"):
        for action in record["activity"]:
            if action["action"] == "click":
                clicks.add((record["campaign_id"], record["email_id"], action["timestamp"]))
    newest = {r["id"]: r["clicks"]["clicks_total"] for r in records(brand, "mailchimp", "report")}
    assert sum(newest.values()) == len(clicks) > 20


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build_world(SimulationSettings(customers=2500, nights=NIGHTS, seed=11, output=tmp_path_factory.mktemp("w")))


def test_mails_go_to_those_on_the_list_only(world: Any) -> None:
    audience = make_audience(world, "klaviyo", 0.75)
    mails = make_mails(world, "klaviyo", audience)
    place = audience.place(len(world.persons))[mails.person]
    assert (place >= 0).all() and (mails.at > audience.joined_at[place]).all()
    sent = mails.kind == 0
    left = audience.end[place] == LEAVES
    assert (mails.at[sent & left] <= audience.left_at[place][sent & left] + 300).all()
    assert len(np.unique(mails.key)) == len(mails)
    assert (np.diff(mails.at) >= 0).all()


def test_reviews_have_the_stars_of_the_shops_own_event(brand: Path) -> None:
    bad = good = 0
    for record in records(brand, "trustpilot", "private_review"):
        assert record["stars"] in range(1, 6)
        bad, good = bad + (record["stars"] <= 2), good + (record["stars"] >= 4)
        assert (record["referralEmail"] is None) == (record["referenceId"] is None)
    assert good > bad > 0
    assert all(r["name"].endswith(".") for r in records(brand, "yotpo", "review"))
