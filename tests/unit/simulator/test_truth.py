"""The truth says what the files hold: persons, orders, row counts, faults."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from simulator import SimulationSettings, simulate
from simulator.exports import OBJECTS
from tests.unit.simulator.conftest import csv_rows, night_files, text_of

Truth = Callable[[str], pl.DataFrame]
ROOTS = {
    "comment": "data",
    "conversation": "data",
    "media": "data",
    "ticket": "tickets",
    "user": "users",
    "user_identity": "identities",
    "satisfaction_rating": "satisfaction_ratings",
}


def values(truth: Truth, platform: str, kind: str) -> set[str]:
    table = truth("identifiers")
    return set(table.filter((pl.col("source_platform") == platform) & (pl.col("kind") == kind))["value"].to_list())


def fault_keys(truth: Truth, name: str) -> set[str]:
    faults = truth("faults").filter((pl.col("object") == name) & (pl.col("expected_outcome") == "rejected"))
    return set(faults["key"].to_list()) | {""}


def column(brand: Path, platform: str, name: str, label: str) -> set[str]:
    found = set()
    for file in night_files(brand, platform, name):
        header, *body = csv_rows(file)
        found |= {row[header.index(label)] for row in body}
    return found


def records(brand: Path, platform: str, name: str) -> list[dict]:
    found = []
    for file in night_files(brand, platform, name):
        if name in ROOTS:
            found += json.loads(text_of(file))[ROOTS[name]]
        else:
            found += [json.loads(line) for line in text_of(file).splitlines() if line.endswith("}")]
    return found


def test_orders_in_files_and_truth_are_the_same(brand: Path, truth: Truth) -> None:
    in_files = column(brand, "shopify", "orders_export", "Name") - fault_keys(truth, "orders_export")
    orders = truth("orders").filter(pl.col("source_platform") == "shopify")
    assert in_files == set(orders["order_id"].to_list()) == values(truth, "shopify", "order")


def test_last_refund_and_total_in_files_are_the_truth(brand: Path, truth: Truth) -> None:
    seen: dict[str, tuple[float, float, int]] = {}
    for file in night_files(brand, "shopify", "orders_export"):
        header, *body = csv_rows(file)
        at = {c: header.index(c) for c in ("Name", "Total", "Refunded Amount")}
        lines: dict[str, int] = {}
        for row in body:
            lines[row[at["Name"]]] = lines.get(row[at["Name"]], 0) + 1
            if row[at["Total"]]:
                seen[row[at["Name"]]] = (float(row[at["Total"]]), float(row[at["Refunded Amount"]]), 0)
        seen |= {n: (*seen[n][:2], c) for n, c in lines.items() if n in seen}
    orders = truth("orders").filter(pl.col("source_platform") == "shopify")
    for name, amount, refund, lines_true in orders.select("order_id", "amount", "refund_amount", "lines").iter_rows():
        assert seen[name] == (pytest.approx(amount), pytest.approx(refund), lines_true), name
    assert orders["refund_amount"].sum() > 0


def test_accounts_cookies_and_profiles(brand: Path, truth: Truth) -> None:
    customers = column(brand, "shopify", "customers_export", "Customer ID") - fault_keys(truth, "customers_export")
    assert {c.removeprefix("'") for c in customers} == values(truth, "shopify", "account")
    broken = fault_keys(truth, "message")
    messages = [m for m in records(brand, "segment", "message") if m["messageId"] not in broken]
    assert {m["anonymousId"] for m in messages} == values(truth, "segment", "cookie")
    assert {m["userId"] for m in messages if "userId" in m} == values(truth, "segment", "account")
    users = records(brand, "zendesk", "user")
    assert {str(u["id"]) for u in users if u["role"] == "end-user"} == values(truth, "zendesk", "support_user")
    social = {c["from"]["id"] for c in records(brand, "instagram", "comment") if "self_ig_scoped_id" not in c["from"]}
    social |= {m["from"]["id"] for c in records(brand, "instagram", "conversation") for m in c["messages"]["data"]}
    assert social - {"17841405309211844"} == values(truth, "instagram", "social_profile")


def test_till_accounts_and_invoices(brand: Path, truth: Truth) -> None:
    broken = fault_keys(truth, "invoice_line")
    assert column(brand, "point_of_sale", "invoice_line", "InvoiceNo") - broken == values(
        truth, "point_of_sale", "order"
    )
    accounts = {c.removesuffix(".0") for c in column(brand, "point_of_sale", "invoice_line", "CustomerID")} - {""}
    assert accounts == values(truth, "point_of_sale", "account")


def test_till_accounts_are_bridged_by_shop_tags(brand: Path, truth: Truth) -> None:
    tagged = {
        t.split(":")[1].split(",")[0]
        for t in column(brand, "shopify", "customers_export", "Tags")
        if t.startswith("pos:")
    }
    ids = truth("identifiers").filter((pl.col("source_platform") == "point_of_sale") & (pl.col("kind") == "account"))
    groups = truth("identifiers").filter(pl.col("kind") == "account", pl.col("source_platform") == "shopify")
    joined = set(ids.join(groups, on="link_group")["value"].to_list())
    assert joined == tagged & set(ids["value"].to_list()) and joined


def plainly_written(counts: pl.DataFrame) -> pl.DataFrame:
    """Files of the core platforms with a row per line or record. Other files have tests of their own."""
    plain = pl.DataFrame(
        [item.target for item in OBJECTS if item.shape != "files"], schema=["platform", "object"], orient="row"
    )
    return counts.join(plain, on=["platform", "object"], how="semi")


def test_expected_counts_are_the_rows_of_the_files(brand: Path, truth: Truth) -> None:
    counts = truth("expected_counts")
    on_disk = {p.relative_to(brand).as_posix() for p in brand.glob("*/*/dt=*/*")}
    assert set(counts["file"].to_list()) == on_disk
    for name, file, rows in plainly_written(counts).select("object", "file", "rows").iter_rows():
        path = brand / file
        if ".csv" in path.name:
            assert len(text_of(path).splitlines()) - 1 == rows, file
        elif name in ROOTS:
            assert len(json.loads(text_of(path))[ROOTS[name]]) == rows, file
        else:
            assert len(text_of(path).splitlines()) == rows, file


def spoiled(text: str, width: int) -> bool:
    """Whether a plain reader sees what is wrong with a line."""
    if text.startswith("{"):
        try:
            record = json.loads(text)
        except ValueError:
            return True
        moment = next(record[k] for k in ("happened_at", "timestamp", "created_at", "updated_time") if k in record)
        return not str(moment)[:4].isdigit() or record.get("id", 0) is None
    cells = next(csv.reader([text]))
    words = ("two", "several", "three", "2026-13-45 99:61:00 -0400", "1/32/2026 25:00")
    return len(cells) != width or not cells[0] or any(w in cells for w in words)


def test_faults_are_exactly_where_they_are_listed(brand: Path, truth: Truth) -> None:
    listed = truth("faults").filter(pl.col("expected_outcome") == "rejected")
    assert set(listed["kind"].to_list()) == {"bad_date", "text_in_number", "too_many_cells", "missing_key", "cut_line"}
    for name, file in plainly_written(truth("expected_counts")).select("object", "file").iter_rows():
        path = brand / file
        if name in ROOTS:
            lines = [json.dumps(r) for r in json.loads(text_of(path))[ROOTS[name]]]
            first, width = 1, 0
        elif ".csv" in path.name:
            header, *lines = text_of(path).splitlines()
            first, width = 2, len(header.split(","))
        else:
            lines, first, width = text_of(path).splitlines(), 1, 0
        found = {n for n, line in enumerate(lines, start=first) if spoiled(line, width)}
        assert found == set(listed.filter(pl.col("file") == file)["line"].to_list()), file


def test_duplicates_and_files_sent_again(brand: Path, truth: Truth) -> None:
    faults = truth("faults")
    copies = faults.filter(pl.col("kind") == "duplicate_row", pl.col("object") == "message")
    assert len(copies)
    for file, line in copies.select("file", "line").iter_rows():
        lines = text_of(brand / file).splitlines()
        assert lines.count(lines[line - 1]) == 2
    again = faults.filter(pl.col("kind") == "file_again")
    assert set(again["object"].to_list()) == {"message", "invoice_line"}
    for file in again["file"].to_list():
        path = brand / file
        before = sorted(path.parent.parent.iterdir())
        previous = before[before.index(path.parent) - 1] / path.name.replace("part-900", "part-000")
        assert path.read_bytes() == previous.read_bytes()


def test_tickets_sent_again_only_differ_in_the_system_touch(brand: Path, truth: Truth) -> None:
    touched = truth("faults").filter(pl.col("kind") == "touched_only")
    assert len(touched)
    folders = sorted((brand / "zendesk" / "ticket").iterdir())
    nights = [[json.loads(text_of(f)) for f in sorted(folder.iterdir())] for folder in folders]
    latest: dict[str, dict] = {}
    checked = 0
    for folder, pages in zip(folders, nights, strict=True):
        date = folder.name.removeprefix("dt=")
        keys = set(touched.filter(pl.col("night").cast(pl.String) == date)["key"].to_list())
        tonight = {str(ticket["id"]): ticket for page in pages for ticket in page["tickets"]}
        for key in keys:
            before, after = latest[key], tonight[key]
            checked += 1
            assert before["generated_timestamp"] < after["generated_timestamp"]
            assert {**before, "generated_timestamp": 0} == {**after, "generated_timestamp": 0}
        latest |= tonight
    assert checked == len(touched)


def test_restated_and_late_till_lines(brand: Path, truth: Truth) -> None:
    faults = truth("faults").filter(pl.col("object") == "invoice_line")
    restated = faults.filter(pl.col("kind") == "restated_row")
    assert len(restated)
    for file, key in restated.select("file", "key").iter_rows():
        mine = [r for r in csv_rows(brand / file) if r[0] == key.split(":")[0]]
        assert mine[0][2].endswith("(RELABELLED)") and not any(r[2].endswith("(RELABELLED)") for r in mine[1:])
    for file, key in faults.filter(pl.col("kind") == "late_row").select("file", "key").iter_rows():
        days = {r[4][:10] for r in csv_rows(brand / file) if r[0] == key}
        assert len(days) == 1 and max(days) < Path(file).parent.name.removeprefix("dt=")


def test_without_faults(tmp_path: Path) -> None:
    summary = simulate(SimulationSettings(customers=800, nights=3, seed=3, output=tmp_path / "b", faults=False))
    assert summary.faults == 0
    assert len(pl.read_parquet(tmp_path / "b" / "_truth" / "faults.parquet")) == 0
    assert not list((tmp_path / "b").glob("*/*/*/part-900*"))
    for file in night_files(tmp_path / "b", "segment", "message"):
        assert all(json.loads(line) for line in text_of(file).splitlines())


def test_link_groups_never_join_two_persons(truth: Truth) -> None:
    table = truth("identifiers")
    assert table.group_by("link_group").agg(pl.col("person_id").n_unique())["person_id"].max() == 1
    sizes = table.group_by("link_group").len()
    joined = table.join(sizes, on="link_group")
    assert (joined["is_linkable"] == (joined["len"] > 1)).all()
    shared = table.filter(pl.col("is_shared"))
    assert set(shared["kind"].to_list()) == {"cookie"} and len(shared)


def test_stage_entries_are_numbered_and_in_order(truth: Truth) -> None:
    entries = truth("stage_entries")
    by_person = entries.with_columns(
        pl.col("entered_at").diff().over("person_id").alias("gap"),
        (pl.col("stage") == pl.col("stage").shift()).over("person_id", "episode").alias("same"),
        (pl.int_range(pl.len()) + 1).over("person_id", "episode").alias("n"),
    )
    assert (by_person["n"] == by_person["seq"]).all() and not by_person["same"].fill_null(False).any()
    assert by_person["gap"].drop_nulls().dt.total_seconds().min() >= 0
    assert set(entries["stage"].unique()) == {
        "awareness", "first_view", "follow", "return_visit", "comment", "story", "direct_message", "report_issue",
        "choose", "order", "wait", "receive", "refund", "reorder", "feedback", "recommend",
    }  # fmt: skip
    buys = (
        entries.filter(pl.col("stage").is_in(["order", "reorder"]))
        .group_by("person_id", maintain_order=True)
        .agg("stage")
    )
    assert all(s[0] == "order" and set(s[1:]) <= {"reorder"} for s in buys["stage"].to_list())
