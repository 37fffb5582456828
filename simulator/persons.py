"""The true persons: households, names, addresses, contacts and how they change over time.

Arrays have one element per person. Text that is short and reused is kept as a position in a table; e-mails and phones,
which are unique, as text columns. `*_change_at` are unix seconds, `NEVER` when the thing does not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import PERSONA_WEIGHTS, PERSONAS
from simulator.contacts import emails, phones
from simulator.draws import Draws, pick
from simulator.vocabulary import COUNTRIES, NameTables, name_tables

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
NEVER = np.int64(2**62)
DAY = 86_400
HOUSEHOLD_SIZES = (0.50, 0.28, 0.12, 0.07, 0.03)
ENTHUSIAST, PRACTICAL = PERSONAS.index("enthusiast"), PERSONAS.index("practical")


@dataclass(frozen=True)
class Persons:
    """All persons of the brand's world."""

    household: I64
    position: I64  # within the household, 0 = head
    country: I64
    gender: I64  # 0 female, 1 male
    given: I64  # position in NameTables.given
    family: I64
    family_after: I64  # after a change of name
    name_change_at: I64
    birth_day: I64  # days since 1970-01-01
    address: I64  # address number; households share one
    address_after: I64
    move_at: I64
    email: pl.Series
    email_after: pl.Series
    email_change_at: I64
    is_email_shared: Bool  # uses the head's mailbox
    is_role_mailbox: Bool
    phone: pl.Series  # E.164
    phone_after: pl.Series
    phone_change_at: I64
    is_phone_shared: Bool  # the household's landline
    is_namesake: Bool  # same given and family name as the head of the household
    persona: I64
    has_instagram: Bool
    has_account: Bool  # logs in to the web shop once bought or subscribed
    visits_shop: Bool  # buys over the counter
    has_till_account: Bool
    uses_relay: Bool  # hides the address behind a relay when buying
    second_device: Bool
    shares_device_with: I64  # person whose first cookie this person also uses, -1 = nobody

    def __len__(self) -> int:
        return len(self.household)


def make_persons(draws: Draws, count: int, start: int, end: int) -> Persons:
    """Draw `count` persons; changes of contacts happen between the unix seconds `start` and `end`."""
    index = np.arange(count, dtype=np.int64)
    names = name_tables()
    household, position = _households(draws, count)
    head = index - position
    country = draws.choice("home/country", household, [c.weight for c in COUNTRIES])
    gender = draws.below("person/gender", index, 2)
    gender = np.where((position == 1) & draws.chance("person/pair", index, 0.88), 1 - gender[head], gender)
    namesake = (position >= 1) & draws.chance("person/namesake", index, 0.035)
    twin = (position >= 2) & draws.chance("person/twin", index, 0.08)
    gender = np.where(namesake, gender[head], gender)
    given = _given(draws, names, index, country, gender)
    given = np.where(namesake, given[head], given)
    home_family = _family(draws, names, household, country, "home/family")
    own_family = _family(draws, names, index, country, "person/family")
    keeps = (position >= 1) & ~namesake & draws.chance("person/own_name", index, 0.22)
    family = np.where(keeps, own_family, home_family)
    birth = _birth_days(draws, index, position, namesake, twin)
    span = end - start

    def change(stream: str, rate: float) -> I64:
        moment = start + (draws.uniform(stream + "/at", index) * span).astype(np.int64)
        return np.where(draws.chance(stream, index, rate), moment, NEVER)

    marries = np.where((gender == 0) & keeps, change("person/marry", 0.10), NEVER)
    shared_mail = (position == 1) & draws.chance("person/shared_mail", index, 0.07)
    email, email_after, role = emails(draws, names, index, country, given, family, birth, shared_mail, head)
    landline = draws.chance("home/landline", household, 0.10)
    phone_change = change("person/new_phone", 0.05)
    phone, phone_after = phones(draws, index, household, country, landline, phone_change)
    persona = draws.choice("person/persona", index, PERSONA_WEIGHTS)
    insta = draws.chance(
        "person/instagram", index, np.where(persona == ENTHUSIAST, 0.92, np.where(persona == PRACTICAL, 0.45, 0.72))
    )
    shop = draws.chance("person/shop", index, np.where(persona == PRACTICAL, 0.24, 0.12))
    relay = draws.chance("person/relay", index, 0.025)
    account = draws.chance("person/account", index, 0.66) & ~shared_mail & ~relay
    shares = (position == 1) & draws.chance("person/shares_device", index, 0.06)
    return Persons(
        household=household,
        position=position,
        country=country,
        gender=gender,
        given=given,
        family=family,
        family_after=np.where(marries < NEVER, home_family, family),
        name_change_at=marries,
        birth_day=birth,
        address=household,
        address_after=index + count,
        move_at=change("person/move", 0.05),
        email=email,
        email_after=email_after,
        email_change_at=np.where(shared_mail, NEVER, change("person/new_mail", 0.06)),
        is_email_shared=shared_mail | np.isin(index, head[shared_mail]),
        is_role_mailbox=role,
        phone=phone,
        phone_after=phone_after,
        phone_change_at=np.where(landline, NEVER, phone_change),
        is_phone_shared=landline,
        is_namesake=namesake,
        persona=persona,
        has_instagram=insta,
        has_account=account,
        visits_shop=shop,
        has_till_account=shop & draws.chance("person/till", index, 0.6),
        uses_relay=relay,
        second_device=draws.chance("person/second_device", index, 0.35),
        shares_device_with=np.where(shares, head, -1),
    )


def _households(draws: Draws, count: int) -> tuple[I64, I64]:
    """Household number and position within it, per person."""
    sizes = draws.choice("home/size", np.arange(count), HOUSEHOLD_SIZES) + 1
    starts = np.concatenate(([0], np.cumsum(sizes)))
    homes = int(np.searchsorted(starts, count, side="left"))
    household = np.repeat(np.arange(homes), sizes[:homes])[:count]
    return household.astype(np.int64), np.arange(count) - starts[household]


def _given(draws: Draws, names: NameTables, index: I64, country: I64, gender: I64) -> I64:
    given = np.zeros(len(index), dtype=np.int64)
    u = draws.uniform("person/given", index)
    for (place, sex), (start, weights) in names.given_blocks.items():
        rows = (country == place) & (gender == sex)
        given[rows] = start + pick(u[rows], weights)
    return given


def _family(draws: Draws, names: NameTables, index: I64, country: I64, stream: str) -> I64:
    family = np.zeros(len(index), dtype=np.int64)
    u = draws.uniform(stream, index)
    abroad = draws.chance(stream + "/abroad", index, 0.06)  # names from elsewhere
    origin = np.where(abroad, draws.below(stream + "/origin", index, len(COUNTRIES)), country)
    for place, (start, weights) in names.family_blocks.items():
        rows = origin == place
        family[rows] = start + pick(u[rows], weights)
    return family


def _birth_days(draws: Draws, index: I64, position: I64, namesake: Bool, twin: Bool) -> I64:
    """Heads are 22 to 72; partners about as old; others and namesakes a generation younger; twins of one day."""
    head = index - position
    age = 22 + 50 * draws.uniform("person/age", head) ** 1.3
    partner = age + 4 * draws.normal("person/partner_age", index)
    child = np.maximum(15, age - 22 - 14 * draws.uniform("person/child_age", index))
    years = np.where(position == 0, age, np.where((position == 1) & ~namesake, np.maximum(18, partner), child))
    born = (56.0 - years) * 365.25 + draws.below("person/birthday", index, 365)
    born = born.astype(np.int64)
    return np.where(twin, born[np.maximum(index - 1, 0)], born)
