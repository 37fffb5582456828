"""What real exports hold beside people's data: numbers of staff, mistyped addresses, made-up birthdays and phones.

Each is a pure function of the record's key, so that the same record looks the same each night. The truth names no
evidence for a value that is not the person's (`link` of the platforms asks the same functions).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.text import lookup
from simulator.world import World, day_number

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
AGENT_PHONES: tuple[str, ...] = (
    "+12125550173", "+12127014400", "+13124419020", "+442079460018", "+442071838750", "+493022610018",
    "+390236714000", "+33142685300",
)  # fmt: skip
"""Numbers of the sales staff, who type their own where the form insists on one and the customer gives none."""
FILLERS: tuple[str, ...] = ("1234567890", "0000000000", "9999999999", "+1 555 555 5555", "000", "n/a")
"""What people type into a phone field that must not be empty."""
AGENT_PHONE, MAIL_TYPO, FILLER_PHONE, FILLER_BIRTHDAY = 0.02, 0.02, 0.012, 0.03


def has_agent_phone(world: World, who: I64) -> Bool:
    """Leads whose phone is that of the member of staff who typed them in."""
    return world.draws.chance("traps/agent_phone", who, AGENT_PHONE)


def agent_phones(world: World, who: I64) -> pl.Series:
    """The number of the member of staff: a few busy ones type most leads."""
    return lookup(AGENT_PHONES, world.draws.choice("traps/agent", who, 1.0 / np.arange(1, len(AGENT_PHONES) + 1)))


def typed_lead_mails(world: World, who: I64, mails: pl.Series) -> pl.Series:
    """Addresses as staff typed them after what they heard."""
    return records.typed(world.draws, "traps/lead_mail", who, mails, MAIL_TYPO)


def lead_mail_is_wrong(world: World, who: I64) -> Bool:
    return world.draws.chance("traps/lead_mail/typo", who, MAIL_TYPO)


def has_filler_phone(world: World, number: I64) -> Bool:
    """Contacts who typed anything to get past the phone field."""
    return world.draws.chance("traps/filler_phone", number, FILLER_PHONE)


def filler_phones(world: World, number: I64) -> pl.Series:
    return lookup(FILLERS, world.draws.below("traps/filler", number, len(FILLERS)))


def birthdays(world: World, who: I64) -> I64:
    """Days since 1970-01-01 as people tell them: some leave what the form offers, or its first day."""
    from datetime import date

    offered = np.array([day_number(date(year, 1, 1)) for year in (1900, 1970, 2000)])
    filler = offered[world.draws.choice("traps/birthday", who, (0.5, 0.3, 0.2))]
    return np.where(world.draws.chance("traps/no_birthday", who, FILLER_BIRTHDAY), filler, world.persons.birth_day[who])
