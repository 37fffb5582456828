"""HubSpot and Salesforce: what the files say of merges, conversions and deletions is what the truth says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.simulator.conftest import night_files, text_of

Truth = Callable[[str], pl.DataFrame]


def hubspot(brand: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(date, record) of every record, in the order of the nights."""
    for path in night_files(brand, "hubspot", name):
        for line in text_of(path).splitlines():
            document = json.loads(line)
            for record in document.get("results") or document.get("events") or [document]:
                yield path.parent.name, record


def salesforce(brand: Path, name: str) -> list[dict[str, str]]:
    return [
        row
        for path in night_files(brand, "salesforce", name)
        for row in csv.DictReader(io.StringIO(text_of(path), newline=""))
    ]


def people(truth: Truth, platform: str, kind: str) -> dict[str, tuple[int, int]]:
    """Record → (person, link group)."""
    rows = truth("identifiers").filter((pl.col("source_platform") == platform) & (pl.col("kind") == kind))
    return {row["value"]: (row["person_id"], row["link_group"]) for row in rows.iter_rows(named=True)}


def test_a_merged_contact_is_listed_no_more_and_its_survivor_names_it(brand: Path, truth: Truth) -> None:
    known = people(truth, "hubspot", "contact")
    listed = list(hubspot(brand, "contact"))
    latest = {record["id"]: record for _, record in listed}
    merges = [(night, audit) for night, page in hubspot(brand, "contact_merge") for audit in page["merge-audits"]]
    assert len(merges) >= 10
    for night, audit in merges:
        survivor, gone = str(audit["canonical-vid"]), str(audit["vid-to-merge"])
        assert known[survivor] == known[gone]
        assert not any(record["id"] == gone and date >= night for date, record in listed)
        assert latest[survivor]["properties"]["hs_merged_object_ids"] == gone


def test_hubspot_shows_whom_the_truth_names(brand: Path, truth: Truth) -> None:
    latest = {record["id"]: record for _, record in hubspot(brand, "contact")}
    merged = {str(a["vid-to-merge"]) for _, page in hubspot(brand, "contact_merge") for a in page["merge-audits"]}
    deleted = {identity for identity, record in latest.items() if record["archived"]}
    assert deleted
    assert latest.keys() - deleted | merged == people(truth, "hubspot", "contact").keys()
    addresses = {event["recipient"] for _, event in hubspot(brand, "email_event")}
    addresses |= {
        value["value"]
        for _, form in hubspot(brand, "form_submission") if "page" in form
        for submission in form["page"]["results"]
        for value in submission["values"] if value["name"] == "email"
    }  # fmt: skip
    ids = {hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest() for address in addresses}
    assert ids == people(truth, "hubspot", "subscriber").keys()


def _completed(short: str) -> str:
    """Salesforce's rule for the last three characters, written out bit by bit."""
    words = [short[start : start + 5][::-1] for start in (0, 5, 10)]
    bits = [int("".join("1" if letter.isupper() else "0" for letter in word), 2) for word in words]
    return short + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in bits)


def test_salesforce_converts_and_merges(brand: Path, truth: Truth) -> None:
    leads, contacts = people(truth, "salesforce", "lead"), people(truth, "salesforce", "contact")
    rows = {name: salesforce(brand, name) for name in ("lead", "contact", "task")}
    assert all(row["Id"] == _completed(row["Id"][:15]) for found in rows.values() for row in found)
    assert {row["Id"] for row in rows["lead"]} == leads.keys()
    assert {row["Id"] for row in rows["contact"]} == contacts.keys()
    converted = [row for row in rows["lead"] if row["IsConverted"] == "true"]
    merged = [row for row in rows["contact"] if row["IsDeleted"] == "true"]
    assert len(converted) >= 20 and len(merged) >= 5
    assert all(leads[row["Id"]] == contacts[row["ConvertedContactId"]] for row in converted)
    assert all(contacts[row["Id"]] == contacts[row["MasterRecordId"]] for row in merged)
    assert {row["WhoId"] for row in rows["task"]} <= leads.keys() | contacts.keys()
