"""One night of identity resolution: what changed → proposal in `identity.next_*` → accepted or discarded.

A night gives what a full run with the same parameters gives on the same records. That holds because every piece of
evidence is a function of two records, of who else holds an identifier's value, and of whether a block is within its
cap; a night makes anew all evidence for which one of these changed, then clusters the touched components from scratch.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from resolution.figures import RunFigures
from resolution.quality import measure
from resolution.store import accept as acceptance
from resolution.store import propose
from resolution.store.households import propose_households
from resolution.store.read import NightReader

if TYPE_CHECKING:
    import psycopg

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig

log = logging.getLogger(__name__)
LOCK, LOCK_SECONDS = "resolution", 30.0
ALGORITHM = 5
"""Raise when code changes what the same records and parameters give: the next night then runs in full."""
FULL_SHARE = 0.4
"""From this share of changed records on, a full run is cheaper than an increment and gives the same."""
FEW_RECORDS, GROWTH = 1000, 5
"""Parameters learned from fewer records than this are learned again once there are this many times as many."""


@dataclass(frozen=True)
class RunResult:
    """What a night proposes. kind: full, increment, or unchanged (then run_id is the last accepted run)."""

    run_id: int
    kind: str
    export_date: dt.date
    records_total: int = 0
    records_changed: int = 0
    pairs_compared: int = 0
    edges_certain: int = 0
    edges_probable: int = 0
    customers_total: int = 0
    created_count: int = 0
    merged_count: int = 0
    split_count: int = 0
    revived_count: int = 0
    retired_count: int = 0
    deleted_count: int = 0
    oversized_count: int = 0
    moved_count: int = 0
    churn_rate: float = 0.0
    parameter_version: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values (the date as text)."""
        return {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in asdict(self).items()}


def resolve_night(
    export_date: dt.date | str, *, full: bool = False, retrain: bool = False, erased: Collection[str] = ()
) -> RunResult:
    """Propose tonight's identities. One transaction: a crash leaves nothing behind, running again gives the same.

    full: look at every record again (same parameters). retrain: learn new parameters first (implies full).
    erased: keys of records that left because a person was erased: their ids are deleted and never come back.
    Raises ContradictoryDecisionsError, ModelError, and the database's own errors.
    """
    import warehouse
    from warehouse.locks import night_lock

    date = dt.date.fromisoformat(export_date) if isinstance(export_date, str) else export_date
    with night_lock(LOCK, LOCK_SECONDS), warehouse.connect(name="resolution") as connection:
        leftovers = propose.discard_leftovers(connection, "left over; a new proposal replaced it")
        if leftovers:
            log.warning("discarded left-over identity run(s) %s", ", ".join(map(str, leftovers)))
        connection.commit()
        connection.execute("set transaction isolation level repeatable read")
        return _Night(connection, date, erased).resolve(full=full or retrain, retrain=retrain)


def accept_run(run_id: int) -> None:
    """Make a proposal the truth, in one transaction. Accepting it again changes nothing."""
    import warehouse
    from warehouse.locks import night_lock

    with night_lock(LOCK, LOCK_SECONDS), warehouse.connect(name="resolution accept") as connection:
        kind = acceptance.accept(connection, run_id)
    if kind == "full":  # a night changes too little to mislead the planner; the server's own upkeep sees to it
        with warehouse.connect(autocommit=True, name="resolution analyze") as connection:
            acceptance.refresh_statistics(connection)


def discard_run(run_id: int, reason: str) -> None:
    """Throw a proposal away; yesterday's identities stay as they are."""
    import warehouse
    from warehouse.locks import night_lock

    with night_lock(LOCK, LOCK_SECONDS), warehouse.connect(name="resolution discard") as connection:
        acceptance.discard(connection, run_id, reason)


def settings_hash(config: MatchConfig) -> str:
    """Hash of all settings that change results: a night after a change of any of them runs in full."""
    from resolution.households import RULES_PATH as households
    from resolution.identifier_rules import RULES_PATH as identifiers
    from resolution.survivorship import rules_path

    digest = hashlib.sha256(f"{ALGORITHM}|{config.fingerprint()}".encode())
    for path in (identifiers, rules_path(), households):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class _Night:
    def __init__(self, connection: psycopg.Connection[Any], export_date: dt.date, erased: Collection[str]) -> None:
        self.connection = connection
        self.erased = frozenset(erased)
        self.export_date = export_date
        self.reader = NightReader(connection)
        self.figures = RunFigures()

    def resolve(self, *, full: bool, retrain: bool) -> RunResult:
        from resolution.config import load_config
        from resolution.proposing import Proposing, decision_changes, propose_full, propose_increment

        config = load_config()
        settings = settings_hash(config)
        last = propose.last_accepted(self.connection)
        stored = propose.active_parameters(self.connection)
        source_seq = self.reader.source_seq()
        reason = _full_reason(full, retrain, last, stored, settings)
        decisions = self._decisions()
        changed = live = 0
        everyone: int | None = None
        if reason is None:
            assert last is not None
            with self.figures.phase("find changes"):
                changed, live = self.reader.find_changed(last.source_seq)
                everyone = self.reader.live_count()
            if changed == 0 and not any(t.num_rows for t in decision_changes(self.reader, decisions)):
                log.info("nothing changed since identity run %d", last.run_id)
                return RunResult(
                    last.run_id, "unchanged", self.export_date, records_total=everyone,
                    customers_total=last.customers_total, parameter_version=last.parameter_version,
                )  # fmt: skip
            if stored is not None and _outgrown(stored[2], everyone):
                reason, retrain = "parameters were learned from too few records", True
            elif live > FULL_SHARE * max(everyone, 1):
                reason = f"{live} records changed"
        kind = "full" if reason else "increment"
        run_id = propose.open_run(
            self.connection, self.export_date, kind, reason or ("erasure" if self.erased else "nightly"), source_seq
        )
        night = Proposing(self.connection, self.reader, run_id, config, decisions, self.figures, self.erased)
        if kind == "full":
            model = None if retrain or stored is None else _stored_model(stored[2], config)
            found, used = propose_full(night, model)
            found["records_changed"] = found["records_total"]
            if model is None or stored is None or stored[1] != settings:
                version = propose.save_parameters(self.connection, run_id, settings, used.to_dict())
            else:
                version = stored[0]
        else:
            assert stored is not None
            model = _stored_model(stored[2], config)
            assert model is not None
            found = propose_increment(night, model) | {"records_changed": changed, "records_total": everyone}
            version = stored[0]
        found["parameter_version"] = version
        propose.analyze_next(self.connection)
        with self.figures.phase("households"):
            propose_households(self.connection, run_id)
        propose.finish_run(self.connection, run_id, found, self.figures.to_dict())
        judging = RunFigures()
        with judging.phase("measure quality"):
            measure(self.connection, run_id)
        propose.add_phases(self.connection, run_id, judging)
        known = {f.name for f in fields(RunResult)}
        result = RunResult(run_id, kind, self.export_date, **{k: v for k, v in found.items() if k in known})
        log.info("identity run %d proposed: %s", run_id, result.to_dict())
        log.info("identity run %d took: %s", run_id, self.figures.summary())
        if last is not None and version != last.parameter_version:
            log.warning(
                "identity run %d has new parameters: accepting it would move %d records (%.2f %%), with %d merges and"
                " %d splits",
                run_id, result.moved_count, 100 * result.churn_rate, result.merged_count, result.split_count,
            )  # fmt: skip
        return result

    def _decisions(self) -> list[tuple[str, str, str]]:
        """Checked decisions in force (of the decisions folder too) whose two records are both live."""
        from resolution.decisions import decisions_in_force

        rows = decisions_in_force(self.connection)
        live = self.reader.live_among(sorted({k for row in rows for k in row[:2]})) if rows else set()
        return [(a, b, verdict) for a, b, verdict, _, _ in rows if a in live and b in live]


def _full_reason(
    full: bool,
    retrain: bool,
    last: propose.StoredRun | None,
    stored: tuple[int, str, dict[str, Any]] | None,
    settings: str,
) -> str | None:
    if last is None or stored is None:
        return "first run"
    if retrain:
        return "new parameters asked for"
    if full:
        return "full run asked for"
    return "settings changed" if stored[1] != settings else None


def _outgrown(parameters: dict[str, Any], live: int) -> bool:
    """Whether the parameters come from a handful of records that says little about those of today."""
    learned_from = int(parameters.get("figures", {}).get("records", FEW_RECORDS))
    return learned_from < FEW_RECORDS and live >= GROWTH * max(learned_from, 1)


def _stored_model(parameters: dict[str, Any], config: MatchConfig) -> MatchModel | None:
    """The stored model, if it was trained for these settings."""
    from resolution.classify.model import MatchModel

    model = MatchModel.from_dict(parameters)
    return model if model.figures.get("settings", config.fingerprint()) == config.fingerprint() else None
