"""One night of identity resolution: what changed → proposal in `identity.next_*` → accepted or discarded.

A night gives what a full run with the same parameters gives on the same records. That holds because every piece of
evidence is a function of two records, of who else holds an identifier's value, and of whether a block is within its
cap; a night makes anew all evidence for which one of these changed, then clusters the touched components from scratch.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from resolution.store import accept as acceptance
from resolution.store import propose
from resolution.store.read import NightReader

if TYPE_CHECKING:
    import pandas as pd
    import psycopg
    import pyarrow as pa

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig
    from resolution.evidence import People
    from resolution.identifier_rules import IdentifierRules

log = logging.getLogger(__name__)
LOCK, LOCK_SECONDS = "resolution", 30.0
ALGORITHM = 2
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
    churn_rate: float = 0.0
    parameter_version: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values (the date as text)."""
        return {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in asdict(self).items()}


def resolve_night(export_date: dt.date | str, *, full: bool = False, retrain: bool = False) -> RunResult:
    """Propose tonight's identities. One transaction: a crash leaves nothing behind, running again gives the same.

    full: look at every record again (same parameters). retrain: learn new parameters first (implies full).
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
        return _Night(connection, date).resolve(full=full or retrain, retrain=retrain)


def accept_run(run_id: int) -> None:
    """Make a proposal the truth, in one transaction. Accepting it again changes nothing."""
    import warehouse
    from warehouse.locks import night_lock

    with night_lock(LOCK, LOCK_SECONDS), warehouse.connect(name="resolution accept") as connection:
        fresh = acceptance.accept(connection, run_id)
    if fresh:
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
    from resolution.identifier_rules import RULES_PATH as identifiers
    from resolution.survivorship import RULES_PATH as survivorship

    digest = hashlib.sha256(f"{ALGORITHM}|{config.fingerprint()}".encode())
    for path in (identifiers, survivorship):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class _Night:
    def __init__(self, connection: psycopg.Connection[Any], export_date: dt.date) -> None:
        self.connection = connection
        self.export_date = export_date
        self.reader = NightReader(connection)

    def resolve(self, *, full: bool, retrain: bool) -> RunResult:
        from resolution.config import load_config

        config = load_config()
        settings = settings_hash(config)
        last = propose.last_accepted(self.connection)
        stored = propose.active_parameters(self.connection)
        source_seq = self.reader.source_seq()
        reason = _full_reason(full, retrain, last, stored, settings)
        decisions = self._decisions()
        changed = live = 0
        if reason is None:
            assert last is not None
            changed, live = self.reader.find_changed(last.source_seq)
            if changed == 0 and not any(t.num_rows for t in self._decision_changes(decisions)):
                log.info("nothing changed since identity run %d", last.run_id)
                return RunResult(
                    last.run_id, "unchanged", self.export_date, records_total=self.reader.live_count(),
                    customers_total=last.customers_total, parameter_version=last.parameter_version,
                )  # fmt: skip
            everyone = self.reader.live_count()
            if stored is not None and _outgrown(stored[2], everyone):
                reason, retrain = "parameters were learned from too few records", True
            elif live > FULL_SHARE * max(everyone, 1):
                reason = f"{live} records changed"
        kind = "full" if reason else "increment"
        run_id = propose.open_run(self.connection, self.export_date, kind, reason or "nightly", source_seq)
        if kind == "full":
            model = None if retrain or stored is None else _stored_model(stored[2], config)
            figures = self._full(run_id, config, settings, model, stored, decisions)
            figures["records_changed"] = figures["records_total"]
        else:
            assert stored is not None
            model = _stored_model(stored[2], config)
            assert model is not None
            figures = self._increment(run_id, config, model, decisions)
            figures |= {"records_changed": changed, "records_total": self.reader.live_count()}
            figures["parameter_version"] = stored[0]
        propose.finish_run(self.connection, run_id, figures)
        known = {f.name for f in fields(RunResult)}
        result = RunResult(run_id, kind, self.export_date, **{k: v for k, v in figures.items() if k in known})
        log.info("identity run %d proposed: %s", run_id, result.to_dict())
        return result

    def _decisions(self) -> list[tuple[str, str, str]]:
        """Checked decisions in force whose two records are both live."""
        from resolution.decisions import Decision, check_decisions

        rows = self.reader.live_decisions()
        check_decisions(Decision(*row) for row in rows)
        live = self.reader.live_among(sorted({k for row in rows for k in row[:2]})) if rows else set()
        return [(a, b, verdict) for a, b, verdict, _, _ in rows if a in live and b in live]

    def _decision_changes(self, decisions: list[tuple[str, str, str]]) -> tuple[pa.Table, pa.Table]:
        from resolution.evidence import decision_edges, edge_changes

        return edge_changes(self.reader.stored_decisions(), decision_edges(decisions))

    def _full(
        self,
        run_id: int,
        config: MatchConfig,
        settings: str,
        model: MatchModel | None,
        stored: tuple[int, str, dict[str, Any]] | None,
        decisions: list[tuple[str, str, str]],
    ) -> dict[str, Any]:
        """Every live record against every other."""
        from resolution import evidence
        from resolution.certain import account_keys, key_edges
        from resolution.hints import make_hints
        from resolution.identifier_rules import load_identifier_rules
        from resolution.pipeline import KEEP_PROBABILITY, train
        from resolution.proposal import make_clusters, write_proposal

        rules = load_identifier_rules()
        people = evidence.make_people(self.reader.records(None), config)
        identifiers = evidence.prepare_identifiers(self.reader.identifiers(None), people)
        trained = model is None
        if model is None:
            model = train(people.std, config)
        keys = evidence.all_keys(people, identifiers, model, rules)
        accounts = account_keys(identifiers, rules)
        is_identifier = keys["pass"].to_numpy() >= 1000
        certain = key_edges(keys[is_identifier], people.n, accounts, rules, name_hint=make_hints(people.std, model))
        keep = KEEP_PROBABILITY if trained else model.threshold
        probable, compared = evidence.probable_edges(people, keys[~is_identifier], model, config, None, keep)
        decided = evidence.edges_by_position(evidence.decision_edges(decisions), people)
        if trained:
            model = _with_threshold(people, config, model, evidence.join_edges(certain, probable), accounts)
            probable = probable[probable["match_probability"] >= model.threshold]
        edges = evidence.join_edges(certain, probable, decided)
        by_key = evidence.edges_by_key(edges, people.keys)
        # Cluster on what is stored, to the last digit, so that a night that reads it back decides alike.
        clustered = make_clusters(people, evidence.edges_by_position(by_key, people), accounts, config, model.threshold)
        propose.write_edges(self.connection, run_id, by_key, withdrawn=False)
        self._write_keys(run_id, people.keys, keys)
        figures = write_proposal(self.connection, run_id, people, clustered, by_key, full=True)
        if trained or stored is None or stored[1] != settings:
            version = propose.save_parameters(self.connection, run_id, settings, model.to_dict())
        else:
            version = stored[0]
        return figures | {
            "parameter_version": version,
            "pairs_compared": compared,
            "edges_certain": len(certain),
            "edges_probable": len(probable),
            "records_total": people.n,
        }

    def _increment(
        self, run_id: int, config: MatchConfig, model: MatchModel, decisions: list[tuple[str, str, str]]
    ) -> dict[str, Any]:
        """The changed records and what their change can reach."""
        import numpy as np
        import pyarrow as pa

        from resolution import evidence
        from resolution.certain import account_keys, key_edges
        from resolution.hints import make_hints
        from resolution.identifier_rules import load_identifier_rules
        from resolution.proposal import make_clusters, write_proposal

        rules = load_identifier_rules()
        exclusive = tuple(r.name for r in rules.rules if r.exclusive)
        changed = evidence.make_people(self.reader.records("changed"), config)
        own = evidence.prepare_identifiers(self.reader.identifiers("changed"), changed)
        keys = evidence.all_keys(changed, own, model, rules)
        self.reader.load_new_keys(_keys_by_record(changed.keys, keys), _caps(config, model, rules))
        self.reader.find_reach()
        self._write_keys(run_id, self.reader.key_list("changed"), keys, changed.keys)

        people = evidence.make_people(self.reader.records("universe"), config)
        near = np.zeros(people.n, bool)
        focus = np.zeros(people.n, bool)
        for mask, table in ((near, "near"), (focus, "focus")):
            positions = people.positions(self.reader.key_list(table).combine_chunks())
            mask[positions[positions >= 0]] = True
        accounts = account_keys(
            evidence.prepare_identifiers(self.reader.identifiers("universe", exclusive), people), rules
        )
        certain = key_edges(
            _keys_by_position(self.reader.keys("near_keys"), people), people.n, accounts, rules,
            name_hint=make_hints(people.std, model),
        )  # fmt: skip
        certain = certain[near[certain["left"].to_numpy()] & near[certain["right"].to_numpy()]]
        probable, compared = evidence.probable_edges(
            people, _keys_by_position(self.reader.keys("focus_keys"), people), model, config, focus, model.threshold
        )
        wanted = evidence.edges_by_key(evidence.join_edges(certain, probable), people.keys)
        changes = [evidence.edge_changes(self.reader.stored_edges(), wanted), self._decision_changes(decisions)]
        withdrawn, added = (pa.concat_tables(side) for side in zip(*changes, strict=True))
        propose.write_edges(self.connection, run_id, withdrawn, withdrawn=True)
        propose.write_edges(self.connection, run_id, added, withdrawn=False)

        self.reader.find_scope(run_id)
        scope = evidence.make_people(self.reader.records("scope"), config)
        by_key = self.reader.scope_edges(run_id)
        held = account_keys(evidence.prepare_identifiers(self.reader.identifiers("scope", exclusive), scope), rules)
        clustered = make_clusters(scope, evidence.edges_by_position(by_key, scope), held, config, model.threshold)
        figures = write_proposal(self.connection, run_id, scope, clustered, by_key, full=False)
        return figures | {
            "pairs_compared": compared,
            "edges_certain": len(certain),
            "edges_probable": len(probable),
        }

    def _write_keys(self, run_id: int, records: Any, keys: pd.DataFrame, owners: Any = None) -> None:
        """Keys of the records under the run; a row with pass -1 says that a record's keys are told anew."""
        import polars as pl
        import pyarrow as pa

        table = _keys_by_record(records if owners is None else owners, keys)
        if owners is not None:
            marks = pl.DataFrame(pa.table({"source_record_key": records})).with_columns(
                pl.lit(-1, dtype=pl.Int16).alias("pass"), block_key=pl.lit(0, dtype=pl.Int64)
            )
            propose.write_next(self.connection, "block_keys", run_id, marks)
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        propose.write_next(self.connection, "block_keys", run_id, frame)


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


def _with_threshold(
    people: People, config: MatchConfig, model: MatchModel, edges: pd.DataFrame, accounts: pd.DataFrame
) -> MatchModel:
    """The freshly trained model with its threshold and the settings it belongs to."""
    from dataclasses import replace

    from resolution.cluster import ClusterLimits
    from resolution.constraints import base_constraints
    from resolution.thresholds import choose_threshold

    if config.threshold == "auto" and len(edges):
        base = base_constraints(people.std, config, None, accounts)
        model, _ = choose_threshold(
            people.std, config, model, edges, lambda threshold: replace(base, limits=ClusterLimits(threshold=threshold))
        )
    return replace(model, figures={**model.figures, "settings": config.fingerprint()})


def _caps(config: MatchConfig, model: MatchModel, rules: IdentifierRules) -> dict[int, int]:
    """Pass → most records of a block, or most holders of an identifier's value, that still count."""
    caps = {one.number: config.max_block_size for one in model.passes}
    for rule in rules.rules:
        if rule.same_as is None:
            caps[rule.code] = rule.max_records
    return caps


def _keys_by_record(records: Any, keys: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "source_record_key": records.take(pa.array(keys["position"].to_numpy("int64"))),
            "pass": pa.array(keys["pass"].to_numpy("int16")),
            "block_key": pa.array(keys["key"].to_numpy("int64")),
        }
    )


def _keys_by_position(keys: pa.Table, people: People) -> pd.DataFrame:
    import pandas as pd

    position = people.positions(keys["source_record_key"].combine_chunks())
    frame = pd.DataFrame(
        {
            "position": position.astype("int32"),
            "pass": keys["pass"].to_numpy().astype("int16"),
            "key": keys["key"].to_numpy(),
        }
    )
    return frame[position >= 0]
