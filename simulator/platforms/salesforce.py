"""Salesforce: Bulk API CSV of leads, contacts and tasks, with the vendor's column names and 18-character ids.

Some people ask for an offer and become leads, often from another mailbox than the shop's. A lead whose person buys is
converted into a contact. A few contacts exist twice and are merged: the loser comes as deleted, with MasterRecordId.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records, traps
from simulator.behaviour import S
from simulator.companies import company_of, written_names
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.persons import NEVER
from simulator.platforms.letters import has_own_mailbox
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records
from simulator.records import Spelling
from simulator.text import choose_text, digits, joined, lookup, stamps, when
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
TIME = "%Y-%m-%dT%H:%M:%S.000Z"
OWNER = "0051G000005MreQQAS"
LEAD_COLUMNS = (
    "Id", "IsDeleted", "MasterRecordId", "LastName", "FirstName", "Name", "Company", "Email", "Phone", "LeadSource",
    "Status", "HasOptedOutOfEmail", "IsConverted", "ConvertedDate", "ConvertedContactId", "OwnerId", "CreatedDate",
    "LastModifiedDate", "SystemModstamp",
)  # fmt: skip
CONTACT_COLUMNS = (
    "Id", "IsDeleted", "MasterRecordId", "LastName", "FirstName", "Name", "Email", "Phone", "MailingStreet",
    "MailingCity", "MailingPostalCode", "MailingCountryCode", "LeadSource", "HasOptedOutOfEmail", "OwnerId",
    "CreatedDate", "LastModifiedDate", "SystemModstamp",
)  # fmt: skip
TASK_COLUMNS = (
    "Id", "IsDeleted", "WhoId", "Subject", "Status", "IsClosed", "TaskSubtype", "ActivityDate", "CompletedDateTime",
    "OwnerId", "CreatedDate", "LastModifiedDate", "SystemModstamp",
)  # fmt: skip
SOURCES = ("Web", "Web", "Phone Inquiry", "Partner Referral")


@dataclass(frozen=True)
class Leads:
    """Leads by person; one person has one. NEVER: does not happen.

    doubled_at   when a second contact of the person was made, from the shop's mailbox
    merged_at    when the second contact was merged into the first
    """

    person: I64
    created_at: I64
    converted_at: I64
    doubled_at: I64
    merged_at: I64
    other_mailbox: Bool


def make_leads(world: World) -> Leads:
    """Leads of some of those who ever chose something; converted with the person's next order."""
    steps, draws, end = world.steps, world.draws, end_of(world)
    rows = np.flatnonzero((steps.state == S["choose"]) & (steps.at + 90 < end))
    people = steps.person[rows].astype(np.int64)
    rows = rows[has_own_mailbox(world, people) & draws.chance("salesforce/lead", people, 0.15)]
    who, first = np.unique(steps.person[rows].astype(np.int64), return_index=True)
    created = steps.at[rows[first]] + 90
    shop = world.shop
    order = np.lexsort((shop.at, shop.person))
    place = np.searchsorted(shop.person[order] * 2**40 + shop.at[order], who * 2**40 + created)
    found = np.minimum(place, max(len(order) - 1, 0))
    buys = (place < len(order)) & (shop.person[order[found]] == who) if len(order) else np.zeros(len(who), dtype=bool)
    converted = np.where(buys, shop.at[order[found]] + 600 if len(order) else NEVER, NEVER)
    converted = np.where(converted < end, converted, NEVER)
    alone = world.persons.email_change_at[who] > 2**61
    other = alone & draws.chance("salesforce/other_mail", who, 0.4)
    twice = other & (converted < NEVER) & draws.chance("salesforce/twice", who, 0.5)
    doubled = np.where(twice, converted + DAY + draws.below("salesforce/doubled", who, 5 * DAY), NEVER)
    doubled = np.where(doubled < end, doubled, NEVER)
    merged = np.where(doubled < NEVER, doubled + 7_200 + draws.below("salesforce/merged", who, 10 * DAY), NEVER)
    return Leads(who, created, converted, doubled, merged, other)


def record_ids(prefix: str, number: I64) -> pl.Series:
    """18 characters: key prefix, instance, number, and the three that say which of them are capitals."""
    return joined(f"{prefix}1G", digits(number + 4_000, 10), _capitals(f"{prefix}1G"))


def _capitals(head: str) -> str:
    """The three characters behind 15 that begin with `head` and go on with digits."""
    table, text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", head.ljust(15, "0")
    blocks = (text[start : start + 5] for start in range(0, 15, 5))
    return "".join(table[sum(1 << i for i, letter in enumerate(block) if letter.isupper())] for block in blocks)


def lead_ids(world: World, who: I64) -> pl.Series:
    return record_ids("00Q", who)


def contact_ids(number: I64) -> pl.Series:
    """Number = person * 2 + (1 for the second contact)."""
    return record_ids("003", number)


def _mails(world: World, who: I64, at: I64, other: Bool) -> pl.Series:
    later = world.persons.email_after.gather(pl.Series(who).cast(pl.UInt32))
    return choose_text(other, later, records.email_at(world.persons, who, at))


def _flags(mask: Bool) -> pl.Series:
    return choose_text(mask, "true", "false")


def _constant(value: str | None, rows: int) -> pl.Series:
    return pl.Series("", [value], dtype=pl.String).new_from_index(0, rows)


def leads_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """Leads that were made or converted in the night's window."""
    low, high = world.window(night)
    leads = make_leads(world)
    last = np.where(leads.converted_at < high, leads.converted_at, leads.created_at)
    row = np.flatnonzero((last >= low) & (last < high))
    who, made = leads.person[row], leads.created_at[row]
    done = leads.converted_at[row] < high
    first, family = records.names(
        world.draws, world.persons, who, made, who, "salesforce/lead_name", Spelling(nickname=0.2, typo=0.01)
    )
    known = world.draws.chance("salesforce/phone", who, 0.4)
    phone = records.spelled_phone(world.draws, world.persons, who, made, who, "salesforce/phone")
    of_staff = traps.has_agent_phone(world, who)
    phone = choose_text(of_staff, traps.agent_phones(world, who), when(known, phone))
    mails = traps.typed_lead_mails(world, who, _mails(world, who, made, leads.other_mailbox[row]))
    changed = stamps(last[row], TIME)
    cells = (
        lead_ids(world, who), _constant("false", len(row)), _constant(None, len(row)), family, first,
        joined(first, " ", family), _company_cells(world, who),
        mails, phone,
        lookup(SOURCES, world.draws.below("salesforce/source", who, len(SOURCES))),
        choose_text(done, "Closed - Converted", "Open - Not Contacted"), _constant("false", len(row)), _flags(done),
        when(done, changed.str.slice(0, 10)), when(done, contact_ids(who * 2)), _constant(OWNER, len(row)),
        stamps(made, TIME), changed, changed,
    )  # fmt: skip
    yield pl.DataFrame(dict(zip(LEAD_COLUMNS, cells, strict=True)))


def _company_cells(world: World, who: I64) -> pl.Series:
    """The company as somebody typed it; the form demands one, so those without have a filler."""
    names = written_names(world.draws, company_of(world.draws, who, len(world.persons)), who + (1 << 41))
    return names.fill_null("[not provided]")


def contacts_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """Contacts that were made, merged into, or merged away in the night's window."""
    low, high = world.window(night)
    leads = make_leads(world)
    merged = np.where(leads.merged_at < high, leads.merged_at, -1)
    parts = []
    for times in (leads.converted_at, leads.doubled_at):
        changed_at = np.where(times < high, np.maximum(times, merged), -1)
        rows = np.flatnonzero((changed_at >= low) & (changed_at < high))
        parts.append((rows, times[rows], changed_at[rows]))
    row, made, last = (np.concatenate([part[i] for part in parts]) for i in range(3))
    second = np.arange(len(row)) >= len(parts[0][0])
    who = leads.person[row]
    number = who * 2 + second
    gone = second & (merged[row] >= 0)
    first, family = records.names(
        world.draws, world.persons, who, made, number, "salesforce/name", Spelling(nickname=0.15, typo=0.01)
    )
    home = records.addresses(world.draws, world.persons, who, made)
    housed = has_address(world, number)
    phone = records.spelled_phone(world.draws, world.persons, who, made, number, "salesforce/contact_phone")
    changed = stamps(last, TIME)
    cells = (
        contact_ids(number), _flags(gone), when(gone, contact_ids(who * 2)), family, first, joined(first, " ", family),
        _mails(world, who, made, leads.other_mailbox[row] & ~second), when(phone_is_known(world, number), phone),
        when(housed, home.line1), when(housed, home.city), when(housed, home.zip), when(housed, home.country_code),
        _constant("Web", len(row)), _constant("false", len(row)), _constant(OWNER, len(row)), stamps(made, TIME),
        changed, changed,
    )  # fmt: skip
    yield pl.DataFrame(dict(zip(CONTACT_COLUMNS, cells, strict=True)))


def tasks_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """One call about each lead on the day after it came; by then some leads are contacts."""
    low, high = world.window(night)
    leads = make_leads(world)
    at = leads.created_at + DAY
    row = np.flatnonzero((at >= low) & (at < high))
    who, at = leads.person[row], at[row]
    is_contact = leads.converted_at[row] <= at
    moment = stamps(at, TIME)
    cells = (
        record_ids("00T", who), _constant("false", len(row)),
        choose_text(is_contact, contact_ids(who * 2), lead_ids(world, who)), _constant("About the offer", len(row)),
        _constant("Completed", len(row)), _constant("true", len(row)), _constant("Call", len(row)),
        moment.str.slice(0, 10), moment, _constant(OWNER, len(row)), moment, moment, moment,
    )  # fmt: skip
    yield pl.DataFrame(dict(zip(TASK_COLUMNS, cells, strict=True)))


def phone_is_known(world: World, number: I64) -> Bool:
    return world.draws.chance("salesforce/contact_phone_known", number, 0.35)


def has_address(world: World, number: I64) -> Bool:
    return world.draws.chance("salesforce/address_known", number, 0.4)


def _leads_seen(world: World) -> Records:
    who = make_leads(world).person
    return Records(who, who)


def _contacts_seen(world: World) -> Records:
    leads = make_leads(world)
    first, second = leads.person[leads.converted_at < NEVER], leads.person[leads.doubled_at < NEVER]
    return Records(np.concatenate((first * 2, second * 2 + 1)), np.concatenate((first, second)))


def _link(world: World, edges: Edges) -> None:
    leads, persons, end = make_leads(world), world.persons, end_of(world)
    who = leads.person

    def version(at: I64, other: Bool) -> I64:
        return who * 2 + (other | (persons.email_change_at[who] <= at))

    right = ~traps.lead_mail_is_wrong(world, who)
    edges.add("salesforce_lead", who, "mail", version(leads.created_at, leads.other_mailbox), right)
    phone = who * 2 + (persons.phone_change_at[who] <= leads.created_at)
    own = world.draws.chance("salesforce/phone", who, 0.4) & ~traps.has_agent_phone(world, who)
    edges.add("salesforce_lead", who, "phone", phone, own)
    converted, doubled = leads.converted_at < NEVER, leads.doubled_at < NEVER
    edges.add("salesforce_lead", who, "salesforce_record", who * 2, converted)
    edges.add("salesforce_contact", who * 2, "salesforce_record", who * 2, converted)
    edges.add("salesforce_contact", who * 2 + 1, "salesforce_record", who * 2, leads.merged_at < end)
    for second, made, there in ((0, leads.converted_at, converted), (1, leads.doubled_at, doubled)):
        number = who * 2 + second
        mail = version(made, leads.other_mailbox & (second == 0))
        edges.add("salesforce_contact", number, "mail", mail, there)
        phone = who * 2 + (persons.phone_change_at[who] <= made)
        edges.add("salesforce_contact", number, "phone", phone, there & phone_is_known(world, number))
        home = who * 2 + (persons.move_at[who] <= made)
        edges.add("salesforce_contact", number, "home", home, there & has_address(world, number))


PLUG = Plug(
    platform="salesforce",
    exports=(
        ExportObject("salesforce", "lead", "csv", "csv.gz", leads_export, columns=LEAD_COLUMNS),
        ExportObject("salesforce", "contact", "csv", "csv.gz", contacts_export, columns=CONTACT_COLUMNS),
        ExportObject("salesforce", "task", "csv", "csv.gz", tasks_export, columns=TASK_COLUMNS),
    ),
    records=(
        RecordKind("salesforce_lead", "salesforce", "lead", _leads_seen, lead_ids),
        RecordKind(
            "salesforce_contact", "salesforce", "contact", _contacts_seen, lambda world, number: contact_ids(number)
        ),
    ),
    evidence=("salesforce_record",),
    link=_link,
)
