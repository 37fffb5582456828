"""What exports hold beside people's own data: present at the stated rates, and no evidence in the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from simulator import SimulationSettings, traps
from simulator.linkage import link_groups, records_seen
from simulator.platforms.salesforce import make_leads
from simulator.world import World, build_world
from tests.unit.simulator.conftest import night_files, text_of
from tests.unit.simulator.test_crm import hubspot, salesforce

Truth = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(SimulationSettings(4000, 1, 11, tmp_path_factory.mktemp("traps"), 60))


def test_traps_come_at_their_rates_and_are_the_same_each_time(world: World) -> None:
    who = np.arange(200_000, dtype=np.int64)
    for found, rate in (
        (traps.has_agent_phone(world, who), traps.AGENT_PHONE),
        (traps.lead_mail_is_wrong(world, who), traps.MAIL_TYPO),
        (traps.has_filler_phone(world, who), traps.FILLER_PHONE),
    ):
        assert abs(found.mean() - rate) < 0.002
    people = np.arange(4000, dtype=np.int64)
    told = traps.birthdays(world, people)
    assert 0.02 < (told != world.persons.birth_day).mean() < 0.045
    assert (told[::7] == traps.birthdays(world, people[::7])).all()


def test_a_mistyped_address_differs_and_keeps_its_shape(world: World) -> None:
    leads = make_leads(world).person
    mails = world.persons.email.gather(pl.Series(leads).cast(pl.UInt32))
    typed, wrong = traps.typed_lead_mails(world, leads, mails), traps.lead_mail_is_wrong(world, leads)
    differs = (typed != mails).to_numpy()
    assert wrong.sum() >= 3 and not differs[~wrong].any() and differs[wrong].mean() > 0.7


def test_a_lead_with_the_number_of_staff_is_not_linked_to_their_other_leads(world: World) -> None:
    seen = records_seen(world)
    groups = link_groups(world, seen)["salesforce_lead"]
    number, people = seen["salesforce_lead"].number, seen["salesforce_lead"].person
    staff = traps.has_agent_phone(world, number)
    assert staff.sum() >= 2
    assert len(set(groups[staff].tolist())) == len(set(people[staff].tolist()))


def test_exports_show_staff_numbers_and_placeholder_birthdays(brand: Path, truth: Truth) -> None:
    phones = Counter(row["Phone"] for row in salesforce(brand, "lead") if row["Phone"])
    assert set(phones) & set(traps.AGENT_PHONES)
    fillers = {record["properties"]["phone"] for _, record in hubspot(brand, "contact")} & set(traps.FILLERS)
    days = Counter(
        json.loads(line).get("traits", {}).get("birthday")
        for path in night_files(brand, "segment", "message")
        for line in text_of(path).splitlines()
        if '"birthday"' in line and line.startswith("{") and line.endswith("}")
    )
    assert fillers and days["1900-01-01"] + days["1970-01-01"] >= 2
