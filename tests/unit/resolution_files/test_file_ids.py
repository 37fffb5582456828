"""Golden ids of files from one output to the next: the life-cycle rules, with a history on disk and without."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.file_ids import IdHistory, first_history, follow, load_history
from resolution.linkage import folder_of

NO_EDGES = pl.DataFrame(schema={"left": pl.String, "right": pl.String, "evidence": pl.String})


def clusters(*groups: str) -> pl.DataFrame:
    """One group per text, one record per letter."""
    rows = [(letter, f"group-{i}-{group}") for i, group in enumerate(groups) for letter in group]
    return pl.DataFrame(rows, schema=["record_id", "golden_customer_id"], orient="row")


def night(history: IdHistory, *groups: str) -> tuple[dict[str, str], pl.DataFrame, IdHistory]:
    kept, changes, after = follow(history, clusters(*groups), NO_EDGES)
    return dict(kept.iter_rows()), changes, after


def test_merge_then_split_gives_both_their_ids_back() -> None:
    history = first_history(clusters("abc", "de", "f"))
    one, none, same = night(history, "abc", "de", "f")
    assert none.height == 0 and same is history, "a replay changes nothing"
    assert one == dict(clusters("abc", "de", "f").iter_rows())
    merged, changes, history = night(history, "abcde", "f")
    assert len(set(merged.values())) == 2
    assert changes.select("kind", "old_id", "new_id", "records_moved").rows()[0][0] == "merge"
    back, changes, history = night(history, "abc", "de", "f")
    assert back == one, "what is taken apart gets its ids back"
    grown, changes, history = night(history, "abc", "de", "f", "xyz")
    assert changes["kind"].to_list() == ["create"] and grown["a"] == one["a"]
    gone, changes, history = night(history, "abc", "de", "f")
    assert changes["kind"].to_list() == ["retire"]
    revived, changes, history = night(history, "abc", "de", "f", "xyz")
    assert changes["kind"].to_list() == ["revive"] and revived["x"] == grown["x"] and "x" not in gone


def test_the_history_is_read_back_and_does_without_its_folder(tmp_path: Path) -> None:
    output = tmp_path / "clusters.csv"
    clusters("abc", "de").write_csv(output)
    bare, _, _ = night(load_history(output), "abcde")
    _, _, after = night(load_history(output), "abcde")
    pl.DataFrame({"record_id": list(bare), "golden_customer_id": list(bare.values())}).write_csv(output)
    after.save(folder_of(output))
    read = load_history(output)
    assert read.run == after.run and read.spells.equals(after.spells) and read.customers.equals(after.customers)
    parted, _, _ = night(read, "abc", "de")
    assert parted == dict(clusters("abc", "de").iter_rows())


LETTERS = "abcdefgh"


@st.composite
def partitions(draw: st.DrawFn) -> list[str]:
    present = draw(st.lists(st.sampled_from(LETTERS), unique=True, min_size=1))
    groups: dict[int, str] = {}
    for letter in sorted(present):
        place = draw(st.integers(0, 3))
        groups[place] = groups.get(place, "") + letter
    return list(groups.values())


@given(st.lists(partitions(), min_size=2, max_size=4))
@settings(max_examples=25, deadline=None)
def test_ids_are_one_per_group_never_reused_and_always_resolve(history_of_groups: list[list[str]]) -> None:
    history = first_history(clusters(*history_of_groups[0]))
    issued = set(history.customers["golden_customer_id"])
    for groups in history_of_groups[1:]:
        ids, changes, after = night(history, *groups)
        assert len(set(ids.values())) == len(groups)
        assert all(len({ids[letter] for letter in group}) == 1 for group in groups)
        created = set(changes.filter(pl.col("kind") == "create")["new_id"])
        assert not created & issued, "an id is never issued twice"
        again, none, _ = night(after, *groups)
        assert again == ids and none.height == 0, "a replay changes nothing"
        current = after.spells.filter(pl.col("to_run").is_null())
        assert dict(current.select("source_record_key", "golden_customer_id").iter_rows()) == ids
        live = after.customers.filter(pl.col("status") == "live")["golden_customer_id"]
        assert set(live) == set(ids.values())
        pointed = after.customers.filter(pl.col("status") == "merged")["merged_into_id"]
        assert pointed.null_count() == 0 and set(pointed) <= set(live) | set(
            after.customers.filter(pl.col("status") == "retired")["golden_customer_id"]
        )
        issued |= set(after.customers["golden_customer_id"])
        history = after
