"""HubSpot: pages of its API: contacts and merges, e-mail events, forms and submissions, deals and calls with contacts.

Some people have two contacts, made from two mailboxes. HubSpot merges them later: from then on only the survivor is
listed, with the ids of those that were merged into it, and its profile tells of the merge. A few contacts are deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records, traps
from simulator.behaviour import S
from simulator.companies import company_of, written_names
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.persons import NEVER
from simulator.platforms.hubspot_people import (
    ISO,
    Contacts,
    address_at,
    company_records,
    contact_ids,
    has_address,
    make_contacts,
    phone_is_known,
)
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.records import Spelling
from simulator.text import choose_text, stamps, uuids
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
PAGE = 100
PORTAL = 4_727_653
FORMS = (("9f3f6a10-0c5b-4a7e-9d0b-2b1b6f3c7a01", "Ask us"), ("1c0de7a2-57d1-4d59-8a2f-6b1d90aa0b02", "Gift service"))
BROWSERS = (
    {"name": "Mobile Safari", "family": "Mobile Safari", "producer": "Apple Inc.", "type": "Mobile Browser"},
    {"name": "Google Image Cache", "family": "Google Image Cache", "producer": "Google Inc.", "type": "Proxy"},
)


def _mailed(world: World, contacts: Contacts) -> I64:
    """Steps of coming back that a mail brought about."""
    steps = world.steps
    who = steps.person.astype(np.int64)
    rows = (steps.state == S["return_visit"]) & (steps.at > contacts.joined_at[who] + DAY)
    return np.flatnonzero(rows & world.draws.chance("hubspot/mail", np.arange(len(steps)), 0.4))


def _asking(world: World, contacts: Contacts) -> I64:
    """Steps of coming back on which a form is sent."""
    steps = world.steps
    who = steps.person.astype(np.int64)
    rows = (steps.state == S["return_visit"]) & (steps.at > contacts.joined_at[who])
    return np.flatnonzero(rows & world.draws.chance("hubspot/form", np.arange(len(steps)), 0.12))


def _dealing(world: World, contacts: Contacts) -> I64:
    """Steps of choosing with which a deal is made: the first one of each of a few people."""
    steps = world.steps
    who = steps.person.astype(np.int64)
    rows = np.flatnonzero((steps.state == S["choose"]) & (steps.at > contacts.joined_at[who] + DAY))
    rows = rows[world.draws.chance("hubspot/deals", steps.person[rows], 0.2)]
    return rows[np.unique(steps.person[rows], return_index=True)[1]]


def _mail_events(world: World, contacts: Contacts) -> list[tuple[int, I64, I64, str]]:
    """(slot, step, time, type) of the events of each mail."""
    rows = _mailed(world, contacts)
    at, draws = world.steps.at[rows], world.draws
    sent = at - 7_200
    bounced = draws.chance("hubspot/bounce", rows, 0.03)
    cached = draws.chance("hubspot/proxy", rows, 0.3) & ~bounced
    return [
        (0, rows, sent, "SENT"),
        (1, rows[bounced], sent[bounced] + 40, "BOUNCE"),
        (2, rows[~bounced], sent[~bounced] + 3, "DELIVERED"),
        (3, rows[cached], sent[cached] + 9, "OPEN"),
        (4, rows[~bounced], at[~bounced] - 60, "OPEN"),
        (5, rows[~bounced], at[~bounced] - 20, "CLICK"),
    ]


def email_events(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Events that the night newly covers."""
    low, high = world.window(night)
    contacts = make_contacts(world)
    items: list[dict[str, Any]] = []
    for slot, rows, at, kind in _mail_events(world, contacts):
        inside = (at >= low) & (at < high)
        rows, at = rows[inside], at[inside]
        key = rows * 16 + slot
        ids = uuids(world.draws.bits("hubspot/event", key), world.draws.bits("hubspot/event2", key)).to_list()
        who = world.steps.person[rows].astype(np.int64)
        mails = records.email_at(world.persons, who, at).to_list()
        for identity, mail, moment, step in zip(ids, mails, at.tolist(), rows.tolist(), strict=True):
            item: dict[str, Any] = {
                "id": identity, "type": kind, "created": moment * 1000, "recipient": mail, "portalId": PORTAL,
                "appId": 2286, "appName": "Batch", "emailCampaignId": 86_863_875 + step % 7,
            }  # fmt: skip
            if kind in ("OPEN", "CLICK"):
                item |= {"browser": BROWSERS[slot == 3], "filteredEvent": False, "deviceType": "MOBILE"}
            if kind == "BOUNCE":
                item |= {"category": "MAILBOX_FULL", "status": "452", "response": "452 4.2.2 Mailbox full"}
            items.append(item)
    items += _leaving(world, contacts, low, high)
    items.sort(key=lambda item: (item["created"], item["id"]))
    yield from _pages("events", items, {"hasMore": False, "offset": f"o{night}"})


def _leaving(world: World, contacts: Contacts, low: int, high: int) -> list[dict[str, Any]]:
    """Events of people who unsubscribe."""
    who = contacts.leavers(world)
    at = contacts.left_at(world, who)
    inside = (at >= low) & (at < high)
    who, at = who[inside], at[inside]
    mails = records.email_at(world.persons, who, at).to_list()
    ids = uuids(world.draws.bits("hubspot/left", who), world.draws.bits("hubspot/left2", who)).to_list()
    return [
        {
            "id": identity, "type": "STATUSCHANGE", "created": moment * 1000, "recipient": mail, "portalId": PORTAL,
            "appId": 2286, "source": "SOURCE_RECIPIENT", "portalSubscriptionStatus": "UNSUBSCRIBED",
            "requestedBy": mail, "subscriptions": [],
        }
        for identity, mail, moment in zip(ids, mails, at.tolist(), strict=True)
    ]  # fmt: skip


def contacts_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Contacts that were made, changed, merged into or deleted in the night's window, as they are after it."""
    low, high = world.window(night)
    contacts = make_contacts(world)
    last = contacts.last_change(world, high)
    shown = np.flatnonzero((last >= low) & (contacts.created_at < high) & (contacts.merged_at >= high))
    who, number = contacts.person[shown], contacts.number[shown]
    made = contacts.created_at[shown]
    first, family = records.names(
        world.draws, world.persons, who, made, number, "hubspot/name", Spelling(nickname=0.15, typo=0.01)
    )
    home = address_at(world, who, made)
    phones = records.spelled_phone(world.draws, world.persons, who, made, number, "hubspot/phone")
    filler = traps.has_filler_phone(world, number)
    phones = choose_text(filler, traps.filler_phones(world, number), phones)
    known, housed = phone_is_known(world, number) | filler, has_address(world, number)
    gone = contacts.deleted_at[shown] < high
    absorbed = contacts.absorbed(world, shown, high)
    left = contacts.has_left(world, who, high)
    companies = written_names(world.draws, company_of(world.draws, who, len(world.persons)), number).to_list()
    columns = zip(
        contact_ids(number).to_list(), contacts.emails(world, shown, last[shown]).to_list(), first.to_list(),
        family.to_list(), phones.to_list(), home.line1.to_list(), home.city.to_list(), home.zip.to_list(),
        home.country_code.to_list(), stamps(made, ISO).to_list(), stamps(last[shown], ISO).to_list(), strict=True,
    )  # fmt: skip
    items = []
    for i, (identity, mail, given, name, phone, line, city, code, country, begun, changed) in enumerate(columns):
        properties = {
            "hs_object_id": identity, "email": mail, "firstname": given, "lastname": name,
            "phone": phone if known[i] else None, "address": line if housed[i] else None,
            "city": city if housed[i] else None, "zip": code if housed[i] else None,
            "country": country if housed[i] else None, "company": companies[i],
            "lifecyclestage": "lead", "createdate": begun, "lastmodifieddate": changed,
            "hs_merged_object_ids": absorbed[i], "hs_email_optout": "true" if left[i] else None,
        }  # fmt: skip
        items.append(
            {"id": identity, "properties": properties, "createdAt": begun, "updatedAt": changed,
             "archived": bool(gone[i])}
        )  # fmt: skip
    yield from _pages("results", items, {"total": len(items)})


def companies_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Companies of which the first contact was made in the night's window."""
    yield from _pages("results", company_records(world, night), {})


def merges_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Profiles of the contacts into which others were merged in the night's window."""
    low, high = world.window(night)
    contacts = make_contacts(world)
    rows = np.flatnonzero((contacts.merged_at >= low) & (contacts.merged_at < high))
    number = contacts.number[rows]
    columns = zip(
        contact_ids(number).to_list(), contact_ids(number - 1).to_list(),
        contacts.emails(world, rows, contacts.created_at[rows]).to_list(), contacts.merged_at[rows].tolist(),
        strict=True,
    )  # fmt: skip
    documents = []
    for identity, survivor, mail, at in columns:
        audit = {
            "canonical-vid": int(survivor), "vid-to-merge": int(identity), "timestamp": at * 1000,
            "entity-id": "auth:app-cookie", "user-id": 9_586_504, "num-properties-moved": 2,
            "merged_from_email": {"value": mail, "source-type": "FORM", "selected": False},
            "first-name": "", "last-name": "",
        }  # fmt: skip
        documents.append(
            {"vid": int(survivor), "canonical-vid": int(survivor), "merged-vids": [int(identity)], "portal-id": PORTAL,
             "is-contact": True, "merge-audits": [audit]}
        )  # fmt: skip
    text = "".join(json.dumps(document) + "\n" for document in documents)
    if documents:
        yield WrittenFile("contact_merges-0001.json", (text.encode(),), len(documents))


def forms_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """All forms."""
    begun = stamps(np.array([(world.first_day - 500) * DAY]), ISO)[0]
    items = [
        {"id": identity, "name": name, "formType": "hubspot", "createdAt": begun, "updatedAt": begun, "archived": False}
        for identity, name in FORMS
    ]
    yield from _pages("results", items, {})


def submissions_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Submissions of the night's window, form by form, as whoever asks the form's endpoint keeps them."""
    low, high = world.window(night)
    rows = _asking(world, make_contacts(world))
    at = world.steps.at[rows] + 20
    rows, at = rows[(at >= low) & (at < high)], at[(at >= low) & (at < high)]
    who = world.steps.person[rows].astype(np.int64)
    first, family = records.names(
        world.draws, world.persons, who, at, rows, "hubspot/form_name", Spelling(nickname=0.1)
    )
    ids = uuids(world.draws.bits("hubspot/conversion", rows), world.draws.bits("hubspot/conversion2", rows)).to_list()
    columns = zip(
        ids, first.to_list(), family.to_list(), records.email_at(world.persons, who, at).to_list(), at.tolist(),
        (rows % len(FORMS)).tolist(), strict=True,
    )  # fmt: skip
    pages: dict[int, list[dict[str, Any]]] = {number: [] for number in range(len(FORMS))}
    for identity, given, name, mail, moment, form in columns:
        values = [{"name": "firstname", "value": given}, {"name": "lastname", "value": name}]
        values = [{**value, "objectTypeId": "0-1"} for value in (*values, {"name": "email", "value": mail})]
        page = "https://journeyline.example/pages/contact"
        submission = {"conversionId": identity, "submittedAt": moment * 1000, "values": values, "pageUrl": page}
        pages[form].append(submission)
    lines = [{"formId": FORMS[form][0], "page": {"results": found}} for form, found in pages.items()]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    yield WrittenFile("form_submissions-0001.json", (text.encode(),), len(rows))


def _deal_items(world: World, night: int) -> Iterator[tuple[int, str, int, int, bool]]:
    """(step, contact, begun, closed, is won) of the deals of which something happened in the night's window."""
    low, high = world.window(night)
    rows = _dealing(world, make_contacts(world))
    closed = world.steps.at[rows] + 60
    begun = closed - 2 * DAY
    inside = ((begun >= low) & (begun < high)) | ((closed >= low) & (closed < high))
    ids = contact_ids(world.steps.person[rows[inside]].astype(np.int64) * 2).to_list()
    for row, contact, opened, end in zip(
        rows[inside].tolist(), ids, begun[inside].tolist(), closed[inside].tolist(), strict=True
    ):
        yield row, contact, opened, end, end < high


def deals_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Deals that were opened or won, with their contacts."""
    items = []
    for row, contact, opened, closed, won in _deal_items(world, night):
        begun, ended = stamps(np.array([opened, closed]), ISO).to_list()
        properties = {
            "dealname": "Gifts for a company", "amount": f"{300 + row % 900}.00", "pipeline": "default",
            "dealstage": "closedwon" if won else "appointmentscheduled", "closedate": ended, "createdate": begun,
            "hs_is_closed_won": "true" if won else "false", "deal_currency_code": "USD",
            "hs_lastmodifieddate": ended if won else begun,
        }  # fmt: skip
        items.append(
            {"id": str(9_000_000_000 + row), "properties": properties, "createdAt": begun,
             "updatedAt": ended if won else begun, "archived": False, "associations": _associated(contact, "deal")}
        )  # fmt: skip
    yield from _pages("results", items, {})


def calls_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """One call about each deal, on the day after it was opened."""
    low, high = world.window(night)
    items = []
    for row, contact, opened, _, _ in _deal_items(world, night):
        at = opened + 3_600
        if low <= at < high:
            moment = stamps(np.array([at]), ISO)[0]
            properties = {"hs_timestamp": moment, "hubspot_owner_id": "44023296", "hs_call_status": "COMPLETED"}
            items.append(
                {"id": str(19_000_000_000 + row), "properties": properties, "createdAt": moment, "updatedAt": moment,
                 "archived": False, "associations": _associated(contact, "call")}
            )  # fmt: skip
    yield from _pages("results", items, {})


def _associated(contact: str, kind: str) -> dict[str, Any]:
    return {"contacts": {"results": [{"id": contact, "type": f"{kind}_to_contact"}]}}


def _pages(key: str, items: list[dict[str, Any]], rest: dict[str, Any]) -> Iterator[WrittenFile]:
    """Pages of at most 100 records, one per line; there is always one."""
    starts = range(0, max(len(items), 1), PAGE)
    pages = [{key: items[start : start + PAGE], **rest} for start in starts]
    for number, page in enumerate(pages[:-1] if key == "results" else []):
        page["paging"] = {"next": {"after": str((number + 1) * PAGE)}}
    parts = [(json.dumps(page, ensure_ascii=False) + "\n").encode() for page in pages]
    yield WrittenFile("page-0001.json", tuple(parts), len(items))


def _subscribers(world: World) -> tuple[I64, I64, I64]:
    """(person, time) of all that names an address: mails, forms; and the numbers person * 2 + version."""
    contacts, end = make_contacts(world), end_of(world)
    parts = [(world.steps.person[rows].astype(np.int64), at) for _, rows, at, _ in _mail_events(world, contacts)]
    asked = _asking(world, contacts)
    parts.append((world.steps.person[asked].astype(np.int64), world.steps.at[asked] + 20))
    leavers = contacts.leavers(world)
    parts.append((leavers, contacts.left_at(world, leavers)))
    who, at = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    who, at = who[at < end], at[at < end]
    later = (world.persons.email_change_at[who] <= at).astype(np.int64)
    return who, at, np.unique(who * 2 + later)


def _subscriber_values(world: World, number: I64) -> pl.Series:
    persons, who = world.persons, pl.Series(number // 2).cast(pl.UInt32)
    first, later = persons.email.gather(who).to_list(), persons.email_after.gather(who).to_list()
    mails = [b if n % 2 else a for n, a, b in zip(number.tolist(), first, later, strict=True)]
    return pl.Series("", [hashlib.md5(mail.lower().encode()).hexdigest() for mail in mails], dtype=pl.String)


def _contacts_seen(world: World) -> Records:
    contacts = make_contacts(world)
    rows = np.flatnonzero((contacts.created_at < end_of(world)) & (contacts.deleted_at == NEVER))
    return Records(contacts.number[rows], contacts.person[rows])


def _subscribers_seen(world: World) -> Records:
    number = _subscribers(world)[2]
    return Records(number, number // 2)


def _link(world: World, edges: Edges) -> None:
    contacts, end, persons = make_contacts(world), end_of(world), world.persons
    number, who, made = contacts.number, contacts.person, contacts.created_at
    later = np.where(
        contacts.is_second, 1, persons.email_change_at[who] <= np.maximum(contacts.last_change(world, end), 0)
    )
    edges.add("hubspot_contact", number, "mail", who * 2 + later)
    edges.add(
        "hubspot_contact",
        number,
        "phone",
        who * 2 + (persons.phone_change_at[who] <= made),
        phone_is_known(world, number) & ~traps.has_filler_phone(world, number),
    )
    edges.add("hubspot_contact", number, "home", who * 2 + (persons.move_at[who] <= made), has_address(world, number))
    merged = contacts.merged_at < end
    edges.add("hubspot_contact", number[merged], "hubspot_merge", who[merged])
    edges.add("hubspot_contact", number[merged] - 1, "hubspot_merge", who[merged])
    found = _subscribers(world)[2]
    edges.add("hubspot_subscriber", found, "mail", found)


PLUG = Plug(
    platform="hubspot",
    exports=(
        ExportObject("hubspot", "contact", "files", "json", contacts_export),
        ExportObject("hubspot", "company", "files", "json", companies_export),
        ExportObject("hubspot", "contact_merge", "files", "json", merges_export, is_silent=True),
        ExportObject("hubspot", "email_event", "files", "json", email_events),
        ExportObject("hubspot", "form", "files", "json", forms_export),
        ExportObject("hubspot", "form_submission", "files", "json", submissions_export),
        ExportObject("hubspot", "deal", "files", "json", deals_export),
        ExportObject("hubspot", "engagement_call", "files", "json", calls_export),
    ),
    records=(
        RecordKind("hubspot_contact", "hubspot", "contact", _contacts_seen, lambda world, number: contact_ids(number)),
        RecordKind("hubspot_subscriber", "hubspot", "subscriber", _subscribers_seen, _subscriber_values),
    ),
    evidence=("hubspot_merge",),
    link=_link,
)
