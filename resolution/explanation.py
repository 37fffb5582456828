"""Why two records are one person, or why a customer is what it is: evidence, weights, and the path of links.

Personal values appear only when asked for; records are named by platform, kind and the first digits of their key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from resolution.decisions import record_key
from resolution.errors import ModelError, ResolutionError
from resolution.explanation_parts import Explanation, along, links_of, sentence
from resolution.paths import Edge, best_path, strongest_tree
from resolution.store import lookup

if TYPE_CHECKING:
    import psycopg

    from resolution.waterfall import PairWeight

__all__ = ["Edge", "Explanation", "UnknownRecordError", "best_path", "explain", "explain_customer", "strongest_tree"]


class UnknownRecordError(ResolutionError):
    """A record or customer that the warehouse does not know."""


def explain(left: str, right: str, *, show_values: bool = False) -> Explanation:
    """Why two records are (or are not) one customer.

    left, right: record keys (uuid) or `platform|record_kind|source_record_id`. Shows direct evidence, else the chain of
    links whose weakest link is strongest. Raises UnknownRecordError.
    """
    import warehouse

    a, b = record_key(left), record_key(right)
    with warehouse.connect(name="explain") as connection:
        records = lookup.describe_records(connection, [a, b], values=show_values)
        for key in (a, b):
            if key not in records or records[key]["golden_customer_id"] is None:
                raise UnknownRecordError(
                    f"record {key} has no golden customer: is it deleted, internal, or not resolved yet?"
                )
        ids = sorted({str(records[k]["golden_customer_id"]) for k in (a, b)})
        keys = sorted(lookup.members(connection, ids))
        edges = lookup.edges_among(connection, keys)
        path = best_path(edges, a, b)
        on_path = sorted({k for edge in path for k in edge[:2]} | {a, b})
        records |= lookup.describe_records(connection, on_path, values=show_values)
        steps = along(path, a)
        links = links_of(steps, lambda k: _name(k, records), _weigher(connection, on_path, show_values))
    same = len(ids) == 1
    title = f"{_name(a, records)} and {_name(b, records)} " + (
        f"are one customer ({ids[0]})" if same else "are two customers"
    )
    lines = _values(records, [a, b]) if show_values else []
    apart = [e for e in edges if e[3] == "different" and {e[0], e[1]} == {a, b}]
    if apart:
        lines.append("A decision says that they are different persons.")
    if not path:
        lines.append(
            "No accepted evidence connects them." if not same else "They are joined through records that left."
        )
    elif not same:
        lines.append("Evidence connects them, but a contradiction or a decision keeps them apart:")
    elif len(path) > 1:
        weakest = min(link.probability for link in links)
        lines.append(f"They are linked indirectly, over {len(path)} links; the weakest decides ({weakest:.4f}).")
    direct = [e for e in edges if {e[0], e[1]} == {a, b} and e[3] != "different"]
    if len(direct) > 1:
        lines.append("All direct evidence: " + "; ".join(sentence(e) for e in direct))
    return Explanation(title, tuple(lines), links, links)


def explain_customer(golden_customer_id: str, *, show_values: bool = False) -> Explanation:
    """What a golden customer consists of: records, the strongest tree of links, its history. Any id ever issued."""
    import warehouse

    with warehouse.connect(name="explain") as connection:
        status = lookup.customer_status(connection, golden_customer_id)
        if status is None:
            raise UnknownRecordError(f"golden customer {golden_customer_id} was never issued")
        members = lookup.members(connection, [golden_customer_id])
        edges = lookup.edges_among(connection, sorted(members))
        records = lookup.describe_records(connection, sorted(members), values=show_values)
        events = lookup.events_of(connection, golden_customer_id)
        tree = strongest_tree(edges)
        links = links_of(tree, lambda k: _name(k, records), _weigher(connection, sorted(members), show_values))
    state, merged_into, today = status
    title = f"Golden customer {golden_customer_id}: {state}, {len(members)} records"
    lines = []
    if state != "live":
        where = f"merged into {merged_into}; " if merged_into else ""
        lines.append(f"{where}its records belong today to: {', '.join(today) or 'nobody'}")
    linked = {k for edge in tree for k in edge[:2]}
    lines += [f"{_name(k, records)}: alone" for k in members if k not in linked]
    lines += _values(records, sorted(members)) if show_values else []
    for date, kind, origin, target, moved, evidence in events:
        names = ", ".join(evidence.get("evidence") or ())
        ends = " → ".join(str(x)[:8] for x in (origin, target) if x)
        lines.append(f"{date} {kind} {ends}: {moved} records" + (f" ({names})" if names else ""))
    return Explanation(title, tuple(lines), links)


def _name(key: str, records: dict[str, dict[str, Any]]) -> str:
    known = records.get(key)
    return f"{known['platform']} {known['kind']} {key[:8]}" if known else f"record {key[:8]}"


def _weigher(
    connection: psycopg.Connection[Any], keys: list[str], show_values: bool
) -> Callable[[Sequence[tuple[str, str]]], list[PairWeight]]:
    """Function from pairs of record keys to their weights under the parameters in force; none where these do not fit
    today's settings (the next night learns new ones).
    """

    def weigh(pairs: Sequence[tuple[str, str]]) -> list[PairWeight]:
        from resolution.classify.model import MatchModel
        from resolution.config import load_config
        from resolution.standardise import standardise
        from resolution.store.propose import active_parameters
        from resolution.waterfall import pair_weights

        stored = active_parameters(connection)
        if stored is None or not pairs:
            return []
        config = load_config()
        std = standardise(lookup.person_rows(connection, keys), config)
        place = {str(key): position for position, key in enumerate(std.record_ids)}
        if not all(a in place and b in place for a, b in pairs):
            return []
        try:
            model = MatchModel.from_dict(stored[2])
            return pair_weights(std, model, config, [(place[a], place[b]) for a, b in pairs], show_values=show_values)
        except ModelError:
            return []

    return weigh


def _values(records: dict[str, dict[str, Any]], keys: list[str]) -> list[str]:
    return [
        f"{_name(k, records)}: " + ", ".join(f"{c} {v}" for c, v in records[k]["values"].items() if v)
        for k in keys
        if k in records and "values" in records[k]
    ]
