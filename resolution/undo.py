"""Taking identities back: a customer's merge by decisions that hold, a whole run by a new run.

History is never deleted: both ways end in events, and every id still resolves.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resolution.decisions import Decision, DecisionError, record_key, store_rows
from resolution.errors import ResolutionError

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)


class UndoError(ResolutionError):
    """There is nothing to take back; the message says why and what to do instead."""


@dataclass(frozen=True)
class Unmerged:
    """parts: records of each part that is kept apart from the others; decisions: how many were made."""

    golden_customer_id: str
    parts: tuple[tuple[str, ...], ...]
    decisions: int


@dataclass(frozen=True)
class RolledBack:
    """The new run that restored the identities before an earlier one (None: they were the same)."""

    run_id: int | None
    undone_run_id: int
    records_moved: int
    figures: dict[str, Any]


def unmerge(golden_customer_id: str, author: str, reason: str, records: Collection[str] = ()) -> Unmerged:
    """Decide that a customer is several persons: the parts that its newest merge joined, or the given records against
    the rest. The next night parts them; parts that had ids of their own get these back. Records that came after the
    merge belong to no part: evidence says where they go.
    Raises UndoError, DecisionError, ContradictoryDecisionsError.
    """
    import warehouse
    from resolution.store import decided, history

    golden = record_key(golden_customer_id)
    named = {record_key(name) for name in records}
    with warehouse.connect(name="unmerge") as connection:
        members = decided.members_of(connection, [golden]).get(golden)
        if not members:
            raise UndoError(f"golden customer {golden} has no records today; `lineage` shows its history")
        if named:
            strangers = sorted(named - set(members))
            if strangers:
                raise UndoError(f"{len(strangers)} of the records are not in customer {golden}: {strangers[0]}")
            parts = [sorted(named), sorted(set(members) - named)]
        else:
            state = history.state_of(connection, golden)
            present = str(state["present_id"]) if state else golden
            run = history.last_merge_into(connection, present)
            if run is None:
                raise UndoError(f"nothing was ever merged into {present}; name the records that are somebody else's")
            grouped = defaultdict(list)
            for key, before in history.ids_before(connection, run, members).items():
                grouped[before].append(key)
            parts = sorted(sorted(keys) for keys in grouped.values())
        parts = [part for part in parts if part]
        if len(parts) < 2:
            raise UndoError(f"the records of {golden} are not of two parts; name the records that are somebody else's")
        pairs = [
            (min(x, y), max(x, y))
            for i, one in enumerate(parts)
            for other in parts[i + 1 :]
            for x in one
            for y in other
        ]
        rows = [Decision(a, b, "different", author.strip(), reason.strip()) for a, b in sorted(set(pairs))]
        if not author.strip() or not reason.strip():
            raise DecisionError("a decision needs an author and a reason")
        added = store_rows(connection, rows, "unmerge")
    return Unmerged(golden, tuple(tuple(part) for part in parts), added)


def rollback(run_id: int) -> RolledBack:
    """Identities as before a run, as a new accepted run with events, in one transaction.

    Every record that had a golden id before the run has it again (erased ids stay erased); records that are newer stay
    in the customer that they are in. Evidence and decisions stay: where a later night looks at these customers again it
    may come to the same answer as the run, unless its cause (an export, a setting, a decision) was corrected.
    Raises UndoError for a run that is not accepted.
    """
    import warehouse
    from resolution.night import LOCK, LOCK_SECONDS
    from resolution.store import accept as acceptance
    from resolution.store import history, propose
    from warehouse.locks import night_lock

    with night_lock(LOCK, LOCK_SECONDS), warehouse.connect(name="resolution rollback") as connection:
        run = propose.find_run(connection, run_id)
        if run is None or run.status != "accepted":
            raise UndoError(f"run {run_id} is no accepted run; `python -m resolution status` lists the runs")
        propose.discard_leftovers(connection, "left over; a rollback replaced it")
        if history.find_differences(connection, run_id) == 0:
            return RolledBack(None, run_id, 0, {})
        new_run, figures = _propose(connection, run_id)
        acceptance.accept(connection, new_run)
    with warehouse.connect(autocommit=True, name="resolution analyze") as connection:
        acceptance.refresh_statistics(connection)
    log.info("identity run %d rolled run %d back", new_run, run_id)
    return RolledBack(new_run, run_id, int(figures["moved_count"]), figures)


def _propose(connection: psycopg.Connection[Any], run_id: int) -> tuple[int, dict[str, Any]]:
    """Propose the wanted ids of the records in `scope`; (number of the new run, its figures)."""
    import numpy as np
    import polars as pl

    from resolution import evidence
    from resolution.config import load_config
    from resolution.figures import RunFigures
    from resolution.proposal import describe_links, write_proposal
    from resolution.quality import measure
    from resolution.store import history, propose
    from resolution.store.households import propose_households
    from resolution.store.read import NightReader

    last = propose.last_accepted(connection)
    if last is None:
        raise UndoError("no night has run yet")
    reader, config = NightReader(connection), load_config()
    reason = f"rollback of run {run_id}"
    new_run = propose.open_run(connection, last.export_date, "rollback", reason, last.source_seq)
    people = evidence.make_people(reader.records("scope"), config)
    by_key = reader.scope_edges(new_run)
    wanted = pl.from_arrow(history.targets(connection))
    assert isinstance(wanted, pl.DataFrame)
    keys = pl.DataFrame({"source_record_key": pl.from_arrow(people.keys)}).with_row_index("position")
    placed = keys.join(wanted, on="source_record_key", how="left").with_columns(
        cluster=pl.col("position").min().over("golden_customer_id").cast(pl.Int64)
    )
    labels = placed.sort("position")["cluster"].to_numpy().astype(np.int64)
    clustered = describe_links(people, evidence.edges_by_position(by_key, people), labels, 0.0)
    figures = write_proposal(
        connection, new_run, people, clustered, by_key, full=False, reason=reason,
        wanted=placed.select("cluster", "golden_customer_id").unique(),
    )  # fmt: skip
    figures |= {"records_total": reader.live_count(), "records_changed": 0, "parameter_version": last.parameter_version}
    propose_households(connection, new_run)
    propose.finish_run(connection, new_run, figures, RunFigures().to_dict())
    measure(connection, new_run)
    return new_run, figures
