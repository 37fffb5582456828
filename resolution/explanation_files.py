"""Why records of linked files are, or are not, one customer: read from what `link` left beside its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from resolution.errors import InputError
from resolution.explanation_parts import Explanation, Link, along, links_of
from resolution.linkage import Linkage
from resolution.paths import Edge, best_path, strongest_tree
from resolution.waterfall import PairWeight, pair_weights, shown_probability

if TYPE_CHECKING:
    import polars as pl

    from resolution.standardise.columns import Standardised

MOST_LINKS = 40
"""Links of a customer that are shown with their weights, the weakest first."""


def explain_pair(linkage: Linkage, left: str, right: str, *, show_values: bool = False) -> Explanation:
    """Why two records are one customer (their own link, or the path of links), or why they are two.

    left, right: record ids as in the clusters. Raises InputError for an unknown id.
    """
    owner = _owners(linkage, [left, right])
    if left == right:
        raise InputError("give two different records")
    customers = sorted(set(owner.values()))
    records = _records_of(linkage, customers)
    edges = _edges_among(linkage, records)
    weigh = _weigher(linkage, records, show_values)
    weights = weigh([(left, right)])[0]
    if len(customers) == 1:
        path = along(best_path(edges, left, right), left)
        links = links_of(path, _named, weigh)
        lines = []
        if len(links) > 1:
            weakest = min(link.probability for link in links)
            lines.append(
                f"They are linked indirectly, over {len(links)} links; the weakest decides "
                f"(match probability {shown_probability(weakest)})."
            )
            links = (*links, Link(_named(left), _named(right), "on their own", weights.probability, weights))
            path_links = links[:-1]
        else:
            path_links = links
        return Explanation(
            f"{_named(left)} and {_named(right)} are one customer ({customers[0]})", tuple(lines), links, path_links
        )
    reasons = _why_apart(linkage, left, right, owner, records, edges, weights, show_values)
    alone = Link(_named(left), _named(right), "on their own", weights.probability, weights)
    path = along(best_path(edges, left, right), left)
    links = (alone, *links_of(path, _named, weigh)) if len(path) > 1 else (alone,)
    return Explanation(f"{_named(left)} and {_named(right)} are two customers", tuple(reasons), links, links[1:])


def explain_customer(linkage: Linkage, customer: str, *, show_values: bool = False) -> Explanation:
    """What a customer consists of: its records and the strongest tree of links that holds them together, the weakest
    link first.
    """
    import polars as pl

    records = linkage.clusters.filter(pl.col("golden_customer_id") == customer)["record_id"].to_list()
    if not records:
        raise InputError(f"no customer {customer!r} in these clusters; ids are in the column golden_customer_id")
    edges = _edges_among(linkage, records)
    tree = sorted(strongest_tree(edges), key=lambda e: (e[5], e[4], e[0], e[1]))
    weigh = _weigher(linkage, records, show_values)
    links = links_of(tree[:MOST_LINKS], _named, weigh)
    lines = [f"Records: {', '.join(map(str, records[:100]))}" + (" …" if len(records) > 100 else "")]
    if len(records) > 1:
        possible = len(records) * (len(records) - 1) // 2
        alike = len({(e[0], e[1]) for e in edges if e[5] >= linkage.model.threshold})
        lines.append(
            f"{alike} of {possible} pairs of its records are linked by themselves; these links hold it together:"
        )
    if len(tree) > len(links):
        lines.append(f"{len(tree) - len(links)} stronger links are not shown.")
    if show_values:
        lines += _values(linkage, records[:100])
    return Explanation(f"Golden customer {customer}: {len(records)} records", tuple(lines), links)


def _named(record: str) -> str:
    return f"record {record}"


def _owners(linkage: Linkage, records: Sequence[str]) -> dict[str, str]:
    import polars as pl

    rows = linkage.clusters.filter(pl.col("record_id").is_in(list(records)))
    owner = dict(rows.select("record_id", "golden_customer_id").iter_rows())
    for record in records:
        if record not in owner:
            raise InputError(f"no record {record!r} in these clusters; ids are in the column record_id")
    return owner


def _records_of(linkage: Linkage, customers: Sequence[str]) -> list[str]:
    import polars as pl

    return linkage.clusters.filter(pl.col("golden_customer_id").is_in(list(customers)))["record_id"].to_list()


def _edges_among(linkage: Linkage, records: Sequence[str]) -> list[Edge]:
    import polars as pl

    wanted = linkage.edges.filter(pl.col("left").is_in(list(records)) & pl.col("right").is_in(list(records)))
    text = wanted.with_columns(pl.col("kind", "evidence").cast(pl.String))
    columns = ("left", "right", "kind", "evidence", "match_weight", "match_probability")
    return list(text.select(columns).sort("match_weight", "left", "right", descending=[True, False, False]).iter_rows())


def _rows(linkage: Linkage, records: Sequence[str]) -> pl.DataFrame:
    """The records themselves, as they stand in the files. InputError when a file is gone or has changed its ids."""
    import polars as pl

    from resolution.files import read_records

    frame, _ = read_records(linkage.files, linkage.options, linkage.config)
    rows = frame.filter(pl.col(linkage.config.record_id).cast(pl.String).is_in(list(records)))
    if rows.height != len(set(records)):
        raise InputError(
            f"{', '.join(map(str, linkage.files))}: {len(set(records)) - rows.height} of {len(set(records))} records "
            "are not there any more; link the files again"
        )
    return rows


def _standardised(linkage: Linkage, rows: pl.DataFrame) -> Standardised:
    from resolution.config import check_columns
    from resolution.standardise import standardise

    return standardise(rows, check_columns(linkage.config, rows.columns))


def _weigher(
    linkage: Linkage, records: Sequence[str], show_values: bool
) -> Callable[[Sequence[tuple[str, str]]], list[PairWeight]]:
    std = _standardised(linkage, _rows(linkage, records))
    place = {str(record): position for position, record in enumerate(std.record_ids)}

    def weigh(pairs: Sequence[tuple[str, str]]) -> list[PairWeight]:
        found = [(place[a], place[b]) for a, b in pairs]
        return pair_weights(std, linkage.model, linkage.config, found, show_values=show_values)

    return weigh


def _why_apart(
    linkage: Linkage,
    left: str,
    right: str,
    owner: dict[str, str],
    records: Sequence[str],
    edges: list[Edge],
    weights: PairWeight,
    show_values: bool,
) -> list[str]:
    """What keeps two records apart, the strongest reason first."""
    from resolution.blocking import atom_hashes
    from resolution.constraints import base_constraints
    from resolution.files import read_pairs

    std = _standardised(linkage, _rows(linkage, records))
    place = {str(record): position for position, record in enumerate(std.record_ids)}
    members = dict(linkage.clusters.select("record_id", "golden_customer_id").filter(_is_in(records)).iter_rows())
    sides = [[r for r in records if members[r] == owner[one]] for one in (left, right)]
    a, b = place[left], place[right]
    reasons = []
    if all(file.is_file() for file in linkage.decisions) and linkage.decisions:
        pairs, _ = read_pairs(linkage.decisions, set(records))
        apart = [(x, y) for x, y, verdict in pairs.itertuples(index=False) if verdict == "different"]
        for x, y in apart:
            if {members[x], members[y]} == set(owner.values()):
                reasons.append(f"A decision says that {_named(x)} and {_named(y)} are different persons.")
    rules = base_constraints(std, linkage.config)
    if rules.source is not None:
        if rules.source[a] >= 0 and rules.source[a] == rules.source[b]:
            reasons.append("Both come from one source, which holds nobody twice (duplicate_free_sources).")
        else:
            shared = {rules.source[place[r]] for r in sides[0]} & {rules.source[place[r]] for r in sides[1]} - {-1}
            if shared:
                reasons.append(
                    "Their customers each have a record of one source that holds nobody twice; joined, it would be two."
                )
    if (
        rules.birth_day is not None
        and rules.birth_day[a]
        and rules.birth_day[b]
        and rules.birth_day[a] != rules.birth_day[b]
    ):
        reasons.append("Their birth dates differ, and one person has one (contradictions: birth_date).")
    if rules.names is not None and bool(rules.names.clash(np.array([a]), np.array([b]))[0]):
        reasons.append("Their given names cannot be one (contradictions: given_name).")
    threshold = linkage.model.threshold
    compared = any({e[0], e[1]} == {left, right} for e in edges)
    if weights.probability < threshold:
        reasons.append(
            f"Their match probability, {shown_probability(weights.probability)}, is below the threshold {threshold:g}."
        )
    elif not compared:
        passes = 0
        for one in linkage.model.passes:
            hashes = [atom_hashes(std, atom) for atom in one.atoms]
            passes += all(known[a] and known[b] and value[a] == value[b] for value, known in hashes)
        reasons.append(
            "No blocking pass brings them together, so they were never compared; a pass on something that they share "
            "would find them."
            if not passes
            else "They share a block, but it is larger than max_block_size, so its pairs were not compared."
        )
    elif not reasons:
        between = {(e[0], e[1]) for e in edges if members[e[0]] != members[e[1]] and e[5] >= threshold}
        reasons.append(
            f"They are alike, but of the {len(sides[0]) * len(sides[1])} pairs between their customers only "
            f"{len(between)} are: a bridge that weak does not join two customers. Decide, if they are one person."
        )
    if show_values:
        reasons += _values(linkage, [left, right])
    return reasons


def _is_in(records: Sequence[str]) -> Any:
    import polars as pl

    return pl.col("record_id").is_in(list(records))


def _values(linkage: Linkage, records: Sequence[str]) -> list[str]:
    """The attributes of records as they stand in the files."""
    columns = list(dict.fromkeys(a.column for a in linkage.config.attributes.values()))
    rows = _rows(linkage, records)
    lines = []
    for row in rows.iter_rows(named=True):
        known = [f"{c} {row[c]}" for c in columns if c in row and row[c] not in (None, "")]
        lines.append(f"{_named(str(row[linkage.config.record_id]))}: {', '.join(known)}")
    return lines
