"""Landing → raw: what each restatement rule means, and that no row is ever lost."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from warehouse_loading import DAY, land, load, record_batch, spec, stored

import warehouse
from warehouse.errors import BatchError, RowAccountingError, TableError

NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _database(database: str) -> None:
    """Every test here has its own database."""


def row(id: int, value: str | None = "a", version: int | None = None, part: str | None = "p") -> dict[str, object]:
    return {"id": id, "part": part, "version": version, "value": value}


def test_first_load_then_the_same_again_writes_nothing() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    first = load(table, [row(1), row(2)])
    assert (first.rows_inserted, first.rows_changed) == (2, 2)
    before = stored("id, xmin::text, ctid::text, _changed_seq")
    again = load(table, [row(1), row(2)], NEXT)
    assert (again.rows_unchanged, again.rows_changed, again.changed_seq) == (2, 0, None)
    assert stored("id, xmin::text, ctid::text, _changed_seq") == before
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from landing.shop__orders").fetchone() == (0,)


def test_promoting_twice_is_a_no_op() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = land(table, [row(1)])
    first = warehouse.promote(batch_id, table, unaudited=True)
    second = warehouse.promote(batch_id, table)
    assert second.already
    assert not first.already
    assert first.rows_inserted == second.rows_inserted == 1


def test_upsert_changes_and_counts() -> None:
    table = spec(history=True)
    warehouse.ensure_tables(table)
    load(table, [row(1, "a"), row(2, "b")])
    result = load(table, [row(1, "a2"), row(2, "b"), row(3, "x"), row(3, "y")], NEXT)
    assert (result.rows_inserted, result.rows_updated, result.rows_unchanged, result.rows_duplicate) == (1, 1, 1, 1)
    assert [(id_, value) for id_, _, _, value, _ in stored()] == [(1, "a2"), (2, "b"), (3, "y")]
    history = stored("id, value, _replaced_at_batch_id, _replaced_export_date", "raw_history")
    assert history == [(1, "a", result.batch_id, NEXT)]


def test_changed_seq_rises_with_each_visible_change() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    one = load(table, [row(1), row(2)]).changed_seq
    two = load(table, [row(1, "z"), row(2)], NEXT).changed_seq
    assert one is not None
    assert two is not None
    assert two > one
    assert stored("id, _changed_seq, 0, 0") == [(1, two, 0, 0), (2, one, 0, 0)]


def test_version_column_beats_position_and_date() -> None:
    table = spec(version_column="version")
    warehouse.ensure_tables(table)
    load(table, [row(1, "new", 5), row(1, "old", 4)])
    assert stored()[0][3] == "new"
    late = load(table, [row(1, "late", 3)], NEXT)
    assert (late.rows_unchanged, stored()[0][3]) == (1, "new")


def test_backfill_of_an_older_night_does_not_overwrite() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    load(table, [row(1, "today")], NEXT)
    result = load(table, [row(1, "yesterday"), row(2, "only yesterday")], DAY)
    assert (result.rows_unchanged, result.rows_inserted) == (1, 1)
    assert [value for _, _, _, value, _ in stored()] == ["today", "only yesterday"]


def test_append_keeps_the_first() -> None:
    table = spec("append")
    warehouse.ensure_tables(table)
    first = load(table, [row(1, "first"), row(1, "second")])
    assert first.rows_duplicate == 1
    later = load(table, [row(1, "third"), row(2)], NEXT)
    assert (later.rows_unchanged, later.rows_inserted, stored()[0][3]) == (1, 1, "first")


def test_replace_partition_tombstones_and_revives() -> None:
    table = spec("replace_partition", history=True)
    warehouse.ensure_tables(table)
    load(table, [row(1, part="p"), row(2, part="p"), row(3, part="q")])
    gone = load(table, [row(1, part="p")], NEXT)
    assert (gone.rows_tombstoned, gone.rows_unchanged) == (1, 1)
    assert [(id_, deleted) for id_, _, _, _, deleted in stored()] == [(1, False), (2, True), (3, False)]
    back = load(table, [row(1, part="p"), row(2, part="p")], NEXT + dt.timedelta(days=1))
    assert (back.rows_updated, back.rows_tombstoned) == (1, 0)
    assert not any(deleted for *_, deleted in stored())
    assert len(stored(schema="raw_history")) == 2


@pytest.mark.parametrize(("rejected", "gone", "words"), [("p", [5], "of the same part"), (None, [], "unknown")])
def test_rows_whose_new_version_was_rejected_stay(rejected: str | None, gone: list[int], words: str) -> None:
    table = spec("replace_partition", history=True)
    warehouse.ensure_tables(table)
    load(table, [row(1, part="p"), row(2, part="p"), row(3, part="o"), row(4, part="q"), row(5, part="q")])
    batch = land(table, [row(1, part="p"), row(4, part="q")], NEXT, [rejected])
    result = warehouse.promote(batch, table, unaudited=True)
    assert (result.rows_tombstoned, result.rows_rejected) == (len(gone), 1)
    assert [id_ for id_, _, _, _, deleted in stored() if deleted] == gone
    reason = warehouse.read_batch(batch).reason
    assert reason is not None
    assert words in reason
    corrected = load(table, [row(1, part="p"), row(4, part="q")], NEXT)
    assert [id_ for id_, _, _, _, deleted in stored() if deleted] == [2, 5]
    assert corrected.rows_tombstoned == 2 - len(gone)


def test_a_row_marked_as_deleted_is_deleted_and_comes_back() -> None:
    table = spec(deletion=("value", ("deleted", "gone")))
    warehouse.ensure_tables(table)
    first = load(table, [row(1, "open"), row(2, "gone"), row(3, None)])
    assert (first.rows_inserted, first.rows_tombstoned) == (3, 0)
    assert [deleted for *_, deleted in stored()] == [False, True, False]
    later = load(table, [row(1, "deleted"), row(2, "open"), row(3, None)], NEXT)
    assert (later.rows_updated, later.rows_unchanged) == (2, 1)
    assert [deleted for *_, deleted in stored()] == [True, False, False]
    assert load(table, [row(1, "deleted")], NEXT + dt.timedelta(days=1)).rows_unchanged == 1


def test_bulk_first_load_keeps_key_and_indexes() -> None:
    table = spec(indexes=(("part", "version"),))
    warehouse.ensure_tables(table)
    rows = [row(number, str(number)) for number in range(25_000)]
    result = load(table, [*rows, row(7, "seven")])
    assert (result.rows_inserted, result.rows_duplicate) == (25_000, 1)
    with warehouse.connect() as connection:
        names = connection.execute("select indexname from pg_indexes where schemaname = 'raw' order by 1").fetchall()
        assert len(names) == 3
        assert connection.execute("select value from raw.shop__orders where id = 7").fetchone() == ("seven",)
        with pytest.raises(Exception, match="duplicate key"):
            connection.execute("insert into raw.shop__orders select * from raw.shop__orders where id = 1")
    assert load(table, rows, DAY + dt.timedelta(days=1)).rows_updated == 1


def test_unaudited_or_failed_batches_stay_out() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = land(table, [row(1)])
    with pytest.raises(BatchError, match=r"is landed; only an audited batch"):
        warehouse.promote(batch_id, table)
    warehouse.mark_audited(batch_id)
    warehouse.reject_batch(batch_id, "too few rows")
    with pytest.raises(BatchError, match="is rejected"):
        warehouse.promote(batch_id, table, unaudited=True)
    assert stored() == []
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from landing.shop__orders").fetchone() == (0,)


def test_rejected_rows_count_once_each_and_the_book_balances() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = warehouse.open_batch("shop", "orders", DAY)
    warehouse.load_batch(batch_id, table, [record_batch([row(1)]), record_batch([row(2)])])
    faults = pa.table(
        {
            "file_name": ["a.csv", "a.csv", "b.csv", "b.csv"],
            "line_number": pa.array([2, 2, 2, None], pa.int64()),
            "column_name": ["id", "value", "id", None],
            "reason": ["no number", "too long", "no number", "no end"],
        }
    )
    assert warehouse.record_rejects(batch_id, faults) == 2
    with pytest.raises(RowAccountingError, match="5 rows were read, but 2 landed and 2 were rejected"):
        warehouse.mark_landed(batch_id, 5)
    warehouse.mark_landed(batch_id, 4)
    result = warehouse.promote(batch_id, table, unaudited=True)
    assert (result.rows_read, result.rows_inserted, result.rows_rejected) == (4, 2, 2)


def test_lost_landing_rows_stop_the_promotion() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = land(table, [row(1), row(2)])
    with warehouse.connect() as connection:
        connection.execute("delete from landing.shop__orders where id = 1")
    with pytest.raises(RowAccountingError, match="land the batch again"):
        warehouse.promote(batch_id, table, unaudited=True)
    assert stored() == []
    assert warehouse.read_batch(batch_id).status == "landed"


def test_the_database_itself_refuses_an_unbalanced_book() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = land(table, [row(1)])
    with pytest.raises(Exception, match="row_accounting"), warehouse.connect() as connection:
        connection.execute("update ops.batch_ledger set status = 'promoted' where batch_id = %s", (batch_id,))


def test_two_batches_in_landing_do_not_touch_each_other() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    one, two = land(table, [row(1)]), land(table, [row(2)], NEXT)
    warehouse.promote(one, table, unaudited=True)
    assert warehouse.promote(two, table, unaudited=True).rows_inserted == 1


def test_a_failing_stream_lands_nothing_and_tells_why() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = warehouse.open_batch("shop", "orders", DAY)

    def stream():
        yield record_batch([row(1)])
        raise OSError("the file ended early")

    with pytest.raises(OSError, match="ended early"):
        warehouse.load_batch(batch_id, table, stream())
    assert warehouse.read_batch(batch_id).rows_landed == 0
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from landing.shop__orders").fetchone() == (0,)


def test_null_key_is_refused_without_showing_values() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = warehouse.open_batch("shop", "orders", DAY)
    with pytest.raises(BatchError, match='null value in column "id"') as caught:
        warehouse.load_batch(batch_id, table, [record_batch([{"id": None, "value": "anna@example.com"}])])
    assert "anna" not in str(caught.value)


def test_new_columns_are_added_and_changed_types_refused() -> None:
    table = spec(history=True)
    warehouse.ensure_tables(table)
    load(table, [row(1)])
    wider = spec(history=True, columns=(*table.columns, warehouse.ColumnSpec("Note; drop table x", "text")))
    warehouse.ensure_tables(wider)
    assert stored('id, "Note; drop table x", 0, 0') == [(1, None, 0, 0)]
    assert load(wider, [row(2)], NEXT).rows_inserted == 1
    other = spec(columns=(warehouse.ColumnSpec("id", "text"), *table.columns[1:]))
    with pytest.raises(TableError, match=r"the type of a column changed \(id is bigint, wanted text\)"):
        warehouse.ensure_tables(other)
    with pytest.raises(TableError, match=r"has the key \(id\)"):
        warehouse.ensure_tables(spec(key=("id", "part"), history=True))


def test_find_repeat_knows_the_same_files() -> None:
    table = spec()
    warehouse.ensure_tables(table)
    batch_id = land(table, [row(1)])
    files = [
        {"file_name": "a.csv", "sha256": "aa", "size_bytes": 3},
        {"file_name": "b.csv", "sha256": "bb", "size_bytes": 4},
    ]
    warehouse.record_files(batch_id, files)
    assert warehouse.find_repeat("shop", "orders", DAY, ["bb", "aa"]) is None
    warehouse.promote(batch_id, table, unaudited=True)
    assert warehouse.find_repeat("shop", "orders", DAY, ["bb", "aa"]) == batch_id
    assert warehouse.find_repeat("shop", "orders", DAY, ["aa"]) is None
