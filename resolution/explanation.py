"""Why two records are one person, or why a customer is what it is: evidence, weights, and the path of links.

Personal values appear only when asked for; records are named by platform, kind and the first digits of their key.
"""

from __future__ import annotations

import heapq
import html
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from resolution.decisions import record_key
from resolution.errors import ResolutionError
from resolution.store import lookup

Edge = tuple[str, str, str, str, float, float]


class UnknownRecordError(ResolutionError):
    """A record or customer that the warehouse does not know."""


@dataclass(frozen=True)
class Explanation:
    """Lines of text; `html` is the same as a small self-contained fragment."""

    title: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join([self.title, *("  " + line for line in self.lines)])

    @property
    def html(self) -> str:
        items = "".join(f"<li>{html.escape(line.strip())}</li>" for line in self.lines)
        return f'<section class="explanation"><h3>{html.escape(self.title)}</h3><ol>{items}</ol></section>'


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
        lines.append(f"They are linked indirectly, over {len(path)} links; the weakest decides:")
    lines += _hops(path, a, records)
    direct = [e for e in edges if {e[0], e[1]} == {a, b} and e[3] != "different"]
    if len(direct) > 1:
        lines.append("All direct evidence: " + "; ".join(_evidence(e) for e in direct))
    return Explanation(title, tuple(lines))


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
    state, merged_into, today = status
    title = f"Golden customer {golden_customer_id}: {state}, {len(members)} records"
    lines = []
    if state != "live":
        where = f"merged into {merged_into}; " if merged_into else ""
        lines.append(f"{where}its records belong today to: {', '.join(today) or 'nobody'}")
    tree = strongest_tree(edges)
    linked = {k for edge in tree for k in edge[:2]}
    lines += [f"{_name(e[0], records)} — {_name(e[1], records)}: {_evidence(e)}" for e in tree]
    lines += [f"{_name(k, records)}: alone" for k in members if k not in linked]
    lines += _values(records, sorted(members)) if show_values else []
    for date, kind, origin, target, moved, evidence in events:
        names = ", ".join(evidence.get("evidence") or ())
        ends = " → ".join(str(x)[:8] for x in (origin, target) if x)
        lines.append(f"{date} {kind} {ends}: {moved} records" + (f" ({names})" if names else ""))
    return Explanation(title, tuple(lines))


def best_path(edges: list[Edge], start: str, goal: str) -> list[Edge]:
    """The chain of links from start to goal whose weakest link is strongest (then: the shortest); empty if there is
    none.

    Widest path after Pollack 1960, by Dijkstra's scheme. 'different' decisions are no links.
    """
    around: dict[str, list[tuple[str, Edge]]] = defaultdict(list)
    for edge in edges:
        if edge[3] != "different":
            around[edge[0]].append((edge[1], edge))
            around[edge[1]].append((edge[0], edge))
    best: dict[str, tuple[float, int]] = {start: (float("-inf"), 0)}
    came: dict[str, tuple[str, Edge]] = {}
    queue: list[tuple[float, int, str]] = [(float("-inf"), 0, start)]
    while queue:
        cost, hops, node = heapq.heappop(queue)
        if node == goal:
            break
        if (cost, hops) > best[node]:
            continue
        for other, edge in around[node]:
            option = (max(cost, -edge[4]), hops + 1)
            if other not in best or option < best[other]:
                best[other] = option
                came[other] = (node, edge)
                heapq.heappush(queue, (*option, other))
    path: list[Edge] = []
    node = goal
    while node in came and node != start:
        node, edge = came[node]
        path.append(edge)
    return path[::-1] if node == start else []


def strongest_tree(edges: list[Edge]) -> list[Edge]:
    """The links that hold a customer together: its maximum spanning tree, strongest first."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    tree = []
    for edge in sorted(edges, key=lambda e: (-e[4], e[0], e[1], e[3])):
        if edge[3] != "different" and find(edge[0]) != find(edge[1]):
            root[find(edge[0])] = find(edge[1])
            tree.append(edge)
    return tree


def _name(key: str, records: dict[str, dict[str, Any]]) -> str:
    known = records.get(key)
    return f"{known['platform']} {known['kind']} {key[:8]}" if known else f"record {key[:8]}"


def _evidence(edge: Edge) -> str:
    kind, evidence, weight, probability = edge[2:]
    if kind == "decision":
        return "a decision: the same person"
    word = "shared" if kind == "certain" else "alike:"
    return f"{word} {evidence} (weight {weight:+.1f} bits, probability {probability:.4f})"


def _hops(path: list[Edge], start: str, records: dict[str, dict[str, Any]]) -> list[str]:
    lines, node = [], start
    for edge in path:
        other = edge[1] if edge[0] == node else edge[0]
        lines.append(f"{_name(node, records)} → {_name(other, records)}: {_evidence(edge)}")
        node = other
    return lines


def _values(records: dict[str, dict[str, Any]], keys: list[str]) -> list[str]:
    return [
        f"{_name(k, records)}: " + ", ".join(f"{c} {v}" for c, v in records[k]["values"].items() if v)
        for k in keys
        if k in records and "values" in records[k]
    ]
