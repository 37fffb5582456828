"""The two ways to a proposal: every record against every other, or what changed and what its change can reach.

Both end in the same evidence, clusters and golden ids. The order of the steps is here, each step's work elsewhere; each
step is timed, and the sizes of what a night reached are kept, so that a slow night can be explained afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resolution.figures import RunFigures
from resolution.store import propose
from resolution.store.keys import FIRST_IDENTIFIER_PASS, FullKeys, write_keys
from resolution.store.read import NightReader

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import psycopg
    import pyarrow as pa

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig
    from resolution.evidence import People
    from resolution.identifier_rules import IdentifierRules


NEAR_PROBABILITY = 0.2
"""Compared pairs from here up to the threshold are kept as near pairs: questions of the review queue."""


@dataclass(frozen=True)
class Proposing:
    """One run in the making. decisions: left_key, right_key, verdict of the decisions in force whose records live.
    erased: keys of records that left because a person was erased.
    """

    connection: psycopg.Connection[Any]
    reader: NightReader
    run_id: int
    config: MatchConfig
    decisions: list[tuple[str, str, str]]
    figures: RunFigures
    erased: frozenset[str] = frozenset()


def decision_changes(reader: NightReader, decisions: list[tuple[str, str, str]]) -> tuple[pa.Table, pa.Table]:
    """(withdrawn, added): how the decisions in force differ from those that the accepted runs applied."""
    from resolution.evidence import decision_edges, edge_changes

    return edge_changes(reader.stored_decisions(), decision_edges(decisions))


def propose_full(night: Proposing, model: MatchModel | None) -> tuple[dict[str, Any], MatchModel]:
    """Every live record against every other; learns new parameters unless `model` is given.

    Returns the run's figures and the parameters that it used.
    """
    from resolution import evidence
    from resolution.certain import account_keys, key_edges
    from resolution.hints import make_hints
    from resolution.identifier_rules import load_identifier_rules
    from resolution.pipeline import train
    from resolution.proposal import make_clusters, write_proposal
    from resolution.scoring import KEEP_PROBABILITY

    config, phase = night.config, night.figures.phase
    rules = load_identifier_rules()
    with phase("read"):
        records, given = night.reader.records(None), night.reader.identifiers(None)
    with phase("standardise"):
        people = evidence.make_people(records, config)
        identifiers = evidence.prepare_identifiers(given, people)
        del records, given
    is_trained = model is None
    if model is None:
        with phase("train"):
            model = train(people.std, config)
    with phase("keys"):
        keys = evidence.all_keys(people, identifiers, model, rules)
        accounts = account_keys(identifiers, rules)
        del identifiers
    with phase("write keys"):
        night.figures.counts["keys"] = _write_all_keys(night, people, keys)
    is_identifier = keys["pass"].to_numpy() >= FIRST_IDENTIFIER_PASS
    with phase("certain edges"):
        hints = make_hints(people.std, model)
        certain = key_edges(keys[is_identifier], people.n, accounts, rules, name_hint=hints)
    keep = KEEP_PROBABILITY if is_trained else _keep(model.threshold)
    with phase("probable edges"):
        keys = keys[~is_identifier]
        probable, compared = evidence.probable_edges(people, keys, model, config, None, keep)
        del keys
    decided = evidence.edges_by_position(evidence.decision_edges(night.decisions), people)
    if is_trained:
        with phase("threshold"):
            model = _with_threshold(people, config, model, evidence.join_edges(certain, probable), accounts)
    probable, near = _split(probable, model.threshold)
    with phase("clusters"):
        edges = evidence.join_edges(certain, probable, decided)
        by_key = evidence.edges_by_key(edges, people.keys)
        # Cluster on what is stored, to the last digit, so that a night that reads it back decides alike.
        clustered = make_clusters(people, evidence.edges_by_position(by_key, people), accounts, config, model.threshold)
    with phase("write edges"):
        propose.write_edges(night.connection, night.run_id, by_key, withdrawn=False)
        _write_near(night, None, near, people)
    night.figures.counts |= {f"refused_{reason}": n for reason, n in clustered.refused.items()}
    with phase("golden ids and records"):
        figures = write_proposal(
            night.connection, night.run_id, people, clustered, by_key, full=True, erased=night.erased
        )
    return figures | {
        "pairs_compared": compared,
        "edges_certain": len(certain),
        "edges_probable": len(probable),
        "records_total": people.n,
    }, model


def propose_increment(night: Proposing, model: MatchModel) -> dict[str, Any]:
    """The changed records (temporary table `changed`) and what their change can reach. Returns the run's figures."""
    import pyarrow as pa

    from resolution import evidence
    from resolution.certain import account_keys
    from resolution.identifier_rules import load_identifier_rules
    from resolution.proposal import make_clusters, write_proposal
    from resolution.store.bulk import uuid_bytes
    from resolution.store.reach import Reach

    config, reader, phase = night.config, night.reader, night.figures.phase
    rules = load_identifier_rules()
    exclusive = tuple(r.name for r in rules.rules if r.exclusive)
    columns = evidence.match_columns(config)
    reach = Reach(night.connection)
    with phase("keys of changed records"):
        changed = evidence.make_people(reader.records("changed", columns), config)
        own = evidence.prepare_identifiers(reader.identifiers("changed"), changed)
        keys = evidence.all_keys(changed, own, model, rules)
        owners = uuid_bytes(changed.keys)[keys["position"].to_numpy()]
        passes, values = keys["pass"].to_numpy("int16"), keys["key"].to_numpy("int64")
        write_keys(night.connection, night.run_id, owners, passes, values)
    with phase("reach"):
        reach.load_keys(owners, passes, values, _caps(config, model, rules))
        reach.find(columns)
        night.figures.counts |= reach.counts
    with phase("read reach"):
        near_keys, focus_keys = _key_frame(reach.keys("near_keys")), _key_frame(reach.keys("focus_keys"))
        records = reader.records("universe", columns, held=True)
    with phase("standardise reach"):
        people = evidence.make_people(records, config)
    with phase("certain edges"):
        near = _mask(people.n, reach.positions("near"))
        certain = _certain_among(night, people, near_keys, near, model, rules, exclusive)
    with phase("probable edges"):
        focus = _mask(people.n, reach.positions("focus"))
        keep = _keep(model.threshold)
        probable, compared = evidence.probable_edges(people, focus_keys, model, config, focus, keep)
        probable, almost = _split(probable, model.threshold)
    with phase("edge changes"):
        wanted = evidence.edges_by_key(evidence.join_edges(certain, probable), people.keys)
        changes = [evidence.edge_changes(reader.stored_edges(), wanted), decision_changes(reader, night.decisions)]
        withdrawn, added = (pa.concat_tables(side) for side in zip(*changes, strict=True))
        propose.write_edges(night.connection, night.run_id, withdrawn, withdrawn=True)
        propose.write_edges(night.connection, night.run_id, added, withdrawn=False)
        night.figures.counts |= {"edges_withdrawn": withdrawn.num_rows, "edges_added": added.num_rows}
        _write_near(night, reader.stored_near(), almost, people)
    with phase("scope"):
        night.figures.counts["scope_steps"] = reader.find_scope(night.run_id)
        scope = evidence.make_people(reader.records("scope"), config)
        night.figures.counts["scope"] = scope.n
        by_key = reader.scope_edges(night.run_id)
        held = account_keys(evidence.prepare_identifiers(reader.identifiers("scope", exclusive), scope), rules)
    with phase("clusters"):
        clustered = make_clusters(scope, evidence.edges_by_position(by_key, scope), held, config, model.threshold)
        night.figures.counts |= {f"refused_{reason}": n for reason, n in clustered.refused.items()}
    with phase("golden ids and records"):
        figures = write_proposal(
            night.connection, night.run_id, scope, clustered, by_key, full=False, erased=night.erased
        )
    return figures | {"pairs_compared": compared, "edges_certain": len(certain), "edges_probable": len(probable)}


def _keep(threshold: float) -> float:
    """Least probability that comparing keeps: a little below what `_split` asks for, so that it alone decides."""
    return 0.9 * min(NEAR_PROBABILITY, threshold)


def _split(scored: pd.DataFrame, threshold: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(probable edges, near pairs) of scored pairs."""
    probability = scored["match_probability"].to_numpy()
    return (
        scored[probability >= threshold],
        scored[(probability >= NEAR_PROBABILITY) & (probability < threshold)],
    )


def _write_near(night: Proposing, stored: pa.Table | None, near: pd.DataFrame, people: People) -> None:
    """Propose how the near pairs change; stored: those that tonight's replace (None: a full run, all are new)."""
    from resolution import evidence

    added = evidence.edges_by_key(near, people.keys).drop_columns(["kind"])
    counts = {"near_pairs_withdrawn": 0}
    if stored is not None:
        withdrawn, added = evidence.edge_changes(stored, added)
        counts["near_pairs_withdrawn"] = withdrawn.num_rows
        propose.write_edges(night.connection, night.run_id, withdrawn, withdrawn=True, table_name="next_near_pairs")
    propose.write_edges(night.connection, night.run_id, added, withdrawn=False, table_name="next_near_pairs")
    night.figures.counts |= counts | {"near_pairs_added": added.num_rows}


def _certain_among(
    night: Proposing,
    people: People,
    keys: pd.DataFrame,
    near: np.ndarray,
    model: MatchModel,
    rules: IdentifierRules,
    exclusive: tuple[str, ...],
) -> pd.DataFrame:
    """Certain edges between two of the `near` records. Only holders of their identifiers are looked at: hints about
    names cost more than anything else here.
    """
    import numpy as np
    import pyarrow as pa

    from resolution.certain import account_keys, key_edges
    from resolution.evidence import People, prepare_identifiers
    from resolution.hints import make_hints

    holders = np.unique(keys["position"].to_numpy(np.int64))
    small = People(
        people.keys.take(pa.array(holders)), people.records.take(pa.array(holders)), people.std.take(holders)
    )
    given = prepare_identifiers(night.reader.identifiers("near_keys", exclusive), small)
    keys = keys.assign(position=np.searchsorted(holders, keys["position"]).astype(np.int32))
    edges = key_edges(keys, small.n, account_keys(given, rules), rules, name_hint=make_hints(small.std, model))
    left, right = holders[edges["left"].to_numpy()], holders[edges["right"].to_numpy()]
    edges = edges.assign(left=left.astype(np.int32), right=right.astype(np.int32))
    return edges[near[left] & near[right]]


def _write_all_keys(night: Proposing, people: People, keys: pd.DataFrame) -> int:
    import numpy as np

    from resolution.store.bulk import uuid_bytes

    sink = FullKeys(night.connection, uuid_bytes(people.keys))
    passes = keys["pass"].to_numpy()
    position, key = keys["position"].to_numpy(), keys["key"].to_numpy()
    for number in np.unique(passes):
        mine = passes == number
        sink.add(int(number), position[mine], key[mine])
    sink.finish(night.run_id)
    return sink.rows


def _with_threshold(
    people: People, config: MatchConfig, model: MatchModel, edges: pd.DataFrame, accounts: pd.DataFrame
) -> MatchModel:
    """The freshly trained model with its threshold and the settings it belongs to."""
    from dataclasses import replace

    import polars as pl

    from resolution.cluster import ClusterLimits
    from resolution.constraints import base_constraints
    from resolution.identifier_rules import load_identifier_rules
    from resolution.lives import keep_lives_apart
    from resolution.thresholds import choose_threshold

    if config.threshold == "auto" and len(edges):
        base = base_constraints(people.std, config, None, accounts)
        records = pl.DataFrame(pl.from_arrow(people.records))
        base = keep_lives_apart(base, edges, people.std, records, load_identifier_rules())
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


def _key_frame(keys: dict[str, np.ndarray]) -> pd.DataFrame:
    """Keys as the matcher takes them: position int32, pass int16, key int64."""
    import pandas as pd

    return pd.DataFrame({"position": keys["position"], "pass": keys["pass"], "key": keys["block_key"]})


def _mask(n: int, positions: np.ndarray) -> np.ndarray:
    import numpy as np

    mask = np.zeros(n, bool)
    mask[positions] = True
    return mask
