"""Golden ids, decisions and their undoing in the warehouse: the registry's rules as SQL keeps them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resolution.decisions import ContradictoryDecisionsError, DecisionError, make_decision, read_decisions, revoke
from resolution.decisions import store_decisions as store
from resolution.lineage import UnknownIdError, lineage, lineage_text
from resolution.review_queue import review_queue, write_review
from resolution.undo import UndoError, rollback, unmerge
from tests.integration.resolution.resolution_world import Brand, Record, make_world
from tests.integration.resolution.test_identity_increment import check_history, plain


def device(name: str) -> tuple[str, str, str, bool]:
    return ("cookie_id", "web", name, False)


def account(number: str) -> tuple[str, str, str, bool]:
    return ("account_id", "shop.customer", number, True)


def ids(brand: Brand, *records: Record) -> list[str]:
    links = brand.links()
    return [links[r.key] for r in records]


def present(brand: Brand, golden: str) -> str | None:
    rows = brand.rows("select present_id::text from identity.golden_ids where golden_customer_id = %s", golden)
    assert len(rows) == 1  # any id ever issued resolves, in one row
    return rows[0][0]


def test_ids_through_merge_split_withdrawal_and_return(brand: Brand) -> None:
    a, b, c = plain(1, device("a")), plain(2, device("b")), plain(3, device("b"))
    brand.put([*make_world(25, 5), a])
    brand.night()
    brand.put([b, c])
    brand.night()
    first, second, again = ids(brand, a, b, c)
    assert second == again != first

    # evidence joins; the older id survives though it has fewer records
    a.identifiers.append(device("b"))
    brand.put([a])
    joined = brand.night()
    assert (joined.kind, joined.merged_count) == ("increment", 1)
    assert set(ids(brand, a, b, c)) == {first} and present(brand, second) == first

    # evidence withdrawn: both parts have their ids back, and a full run thinks so too
    a.identifiers = [device("a")]
    brand.put([a])
    apart = brand.night()
    assert (apart.revived_count, apart.split_count) == (1, 0)
    assert ids(brand, a, b, c) == [first, second, second]
    assert present(brand, second) == second
    full = brand.night(full=True)
    assert (full.created_count, full.merged_count, full.split_count, full.revived_count) == (0, 0, 0, 0)

    # the mapping says who had which id when; a record that leaves and returns finds its id
    spans = brand.rows(
        """select golden_customer_id::text, valid_from::text, valid_to::text, is_current
           from identity.record_golden_ids where source_record_key = %s order by valid_from_run_id""",
        b.key,
    )
    assert spans == [
        (second, "2024-03-02", "2024-03-03", False),
        (first, "2024-03-03", "2024-03-04", False),
        (second, "2024-03-04", None, True),
    ]
    brand.put([b, c], deleted=True)
    brand.night()
    assert present(brand, second) is None
    brand.put([c])
    assert brand.night().revived_count == 1 and ids(brand, c) == [second]
    kinds = brand.rows(
        """select export_date::text, change_kind, from_id::text, to_id::text, records_moved, reason
           from identity.golden_id_changes where %s in (from_id, to_id) order by change_id""",
        second,
    )
    assert [row[1] for row in kinds] == ["create", "merge", "revive", "retire", "revive"]
    assert kinds[2] == ("2024-03-04", "revive", first, second, 2, "evidence")
    assert brand.rows("select count(*) from identity.run_churn where moved_count > 0") == [(2,)]
    life = lineage(second)
    assert [e["change_kind"] for e in life["events"]] == [row[1] for row in kinds]
    text = lineage_text(life)
    assert f"merged into {first} (evidence: cookie_id)" in text and "came back out of" in text and "alive" in text
    with pytest.raises(UnknownIdError):
        lineage(a.key)
    check_history(brand)


def test_decisions_join_customers_and_come_apart_again(brand: Brand, tmp_path: Path) -> None:
    """Two customers with an account each: the decision about two of their visits joins all of them."""
    left = [plain(1, device("l")), plain(2, device("l"), account("1"))]
    right = [plain(3, device("r")), plain(4, device("r"), account("2"))]
    brand.put([*make_world(25, 5), *left, *right])
    brand.night()
    before = brand.links()
    one, two = ids(brand, left[0], right[0])
    assert one != two and ids(brand, *left, *right) == [one, one, two, two]

    store([make_decision(left[0].key, right[0].key, "same", "ann", "she showed both cards")])
    joined = brand.night()
    survivor = min(one, two)
    assert joined.merged_count == 1 and set(ids(brand, *left, *right)) == {survivor}
    assert brand.rows("select reason from identity.golden_id_changes where change_kind = 'merge'") == [("decision",)]

    # taking it back gives everybody the id they had; by customer it needs no keys of records
    undone = rollback(joined.run_id)
    assert undone.records_moved == 2 and brand.links() == before
    assert rollback(joined.run_id).run_id is None
    assert brand.rows("select kind, status from identity.runs where run_id = %s", undone.run_id) == [
        ("rollback", "accepted")
    ]
    brand.put(left)  # a look at these records again: the decision still stands
    brand.night()
    assert set(ids(brand, *left, *right)) == {survivor}
    parted = unmerge(survivor, "bob", "two cards, two persons")
    assert parted.decisions == 4 and {len(part) for part in parted.parts} == {2}
    with pytest.raises(ContradictoryDecisionsError, match=r"web\|cookie\|\d = web\|cookie\|\d = web\|cookie\|\d, yet"):
        store([make_decision(r.key, left[1].key, "same", "ann", "why") for r in (left[0], right[0])])
    assert brand.rows("select revoked_by, revoked_reason from identity.decisions where revoked_at is not null") == [
        ("bob", "a new verdict")
    ]
    brand.night()
    assert brand.links() == before
    store([make_decision(left[0].key, left[1].key, "different", "ann", "a borrowed phone")])
    assert brand.night().split_count == 1  # no id of its own: a new one
    assert revoke(left[0].key, left[1].key, "ann", "her own") and not revoke(left[0].key, left[1].key)
    brand.night()

    # by golden ids, from the folder; leaving the file revokes
    others = sorted({golden for key, golden in before.items() if golden not in (one, two)})[:2]
    folder = tmp_path / "decisions"
    folder.mkdir()
    seed = folder / "brand.csv"
    head = "left,right,verdict,author,reason\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYLINE_DECISIONS", str(folder))
        seed.write_text(
            f"{head}{others[0]},{others[1]},same,ann,wrote to us\nshop|account|none,web|cookie|1,same,a,b\n"
        )
        assert brand.night().merged_count == 1
        assert present(brand, others[0]) == present(brand, others[1])
        seed.write_text(head)
        assert brand.night().revived_count == 1
        assert {present(brand, g) for g in others} == set(others)
        seed.write_text(f"{head}a|b|1,a|b|2,perhaps,ann,wrote to us\n")
        with pytest.raises(DecisionError, match=r"brand.csv, line 2"):
            brand.night()
        seed.unlink()
        brand.night()
    assert brand.rows("select revoked_reason, source from identity.decisions where source like '%csv'") == [
        ("left its file", "brand.csv")
    ]
    with pytest.raises(DecisionError, match="unknown to the warehouse"):
        store([make_decision("shop|account|none", "web|cookie|1", "same", "ann", "why")])
    with pytest.raises(UndoError, match="nothing was ever merged"):
        unmerge(others[1], "ann", "why")
    check_history(brand)


def test_the_review_queue_asks_once(brand: Brand, tmp_path: Path) -> None:
    """Two verified accounts on one device are refused: a question. Its answer takes it off the queue."""
    left, right = plain(1, device("d"), account("1")), plain(2, device("d"), account("2"))
    third = plain(3, device("d"))
    brand.put([*make_world(25, 5), left, right, third])
    brand.night()
    brand.run(
        """insert into identity.match_edges values
           (%s, %s, 'probable', 'name=same', 15, 0.9999, 1)""",
        *sorted((left.key, right.key)),
    )
    rows = review_queue(1000)
    asked = [row for row in rows if {row["left"], row["right"]} == {left.key, right.key}]
    assert len(asked) == 1 and asked[0]["what"] == "refused"
    sizes = {g: list(brand.links().values()).count(g) for g in brand.links().values()}
    # Likely by itself, yet something keeps them apart: no better than a guess.
    assert asked[0]["value"] == 0.5 * sizes[brand.links()[left.key]] * sizes[brand.links()[right.key]]
    assert [row["value"] for row in rows] == sorted((row["value"] for row in rows), reverse=True)
    path = tmp_path / "review.csv"
    write_review(path, rows)
    text = path.read_text()
    assert "@" not in text and "web|cookie|1" in text
    write_review(path, rows, show_values=True)
    with path.open(newline="") as handle:
        cells = list(csv.DictReader(handle))
    for cell in cells:
        if {cell["left"], cell["right"]} == {left.key, right.key}:
            cell["verdict"] = "different"
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
    assert store(read_decisions(path, "ann", "reviewed"), "review") == 1
    assert not [r for r in review_queue(1000) if {r["left"], r["right"]} == {left.key, right.key}]
    assert len(review_queue(1000)) == len(rows) - 1


def test_the_warehouse_values_a_question_as_files_do(brand: Brand) -> None:
    """Between customers: the very questions, order and values of `review_pairs`; of weak bridges the value as well."""
    from resolution.reviewing import REFUSED, review_pairs

    brand.put(make_world(110, 4))
    brand.night()
    links = brand.links()
    keys = sorted(links)
    place = {key: position for position, key in enumerate(keys)}
    rows = brand.rows(
        """select left_key::text, right_key::text, match_weight, match_probability, kind, evidence
           from identity.match_edges
           union all
           select left_key::text, right_key::text, match_weight, match_probability, 'probable', evidence
           from identity.near_pairs"""
    )
    edges = pd.DataFrame(rows, columns=["left", "right", "match_weight", "match_probability", "kind", "evidence"])
    edges = edges.assign(left=edges["left"].map(place), right=edges["right"].map(place))
    labels = np.unique([links[key] for key in keys], return_inverse=True)[1]
    threshold = brand.rows("select parameters ->> 'threshold' from identity.model_parameters where is_active")
    wanted = review_pairs(labels, edges, float(threshold[0][0]))
    asked = review_queue(10_000)
    apart = wanted[~wanted["is_linked"]]
    assert [
        (place[row["left"]], place[row["right"]], row["what"] == "refused", row["value"])
        for row in asked if row["what"] != "weak bridge"
    ] == [
        (a, b, reason == REFUSED, pytest.approx(value, abs=1e-4))
        for a, b, reason, value in apart[["left", "right", "reason", "value"]].itertuples(index=False)
    ]  # fmt: skip
    assert len(apart) > 20 and set(apart["reason"]) >= {REFUSED}
    linked = wanted[wanted["is_linked"]].set_index(["left", "right"])["value"]
    for row in asked:
        if row["what"] == "weak bridge":
            assert row["value"] == pytest.approx(linked[(place[row["left"]], place[row["right"]])], abs=1e-4)
    assert len(review_queue(3)) == 3 and review_queue(3) == asked[:3]
