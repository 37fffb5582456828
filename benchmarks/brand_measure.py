"""The brand's accepted customers against the truth: by pair of platforms, by evidence, by cause, by household.

Everything is counted, nothing shown: no name, no value, no id.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HOUSEHOLD_CAUSES = (
    # name, condition on two persons of one false link, the first that holds counts
    ("namesakes under one roof, one mailbox", pl.col("same_home") & pl.col("same_name") & pl.col("same_mail")),
    ("namesakes under one roof, household number", pl.col("same_home") & pl.col("same_name") & pl.col("same_phone")),
    ("namesakes under one roof, else", pl.col("same_home") & pl.col("same_name")),
    ("household mailbox", pl.col("same_home") & pl.col("same_mail")),
    ("household device", pl.col("same_home") & pl.col("same_device")),
    ("household, else", pl.col("same_home")),
    ("strangers of one name", pl.col("same_name")),
    ("strangers, recycled number", pl.col("same_phone")),
    ("strangers, else", pl.lit(True)),
)
MISSED_CAUSES = (
    # name, condition on two customers that are one person, the first that holds counts
    ("firm's mailbox, one name", pl.col("role")),
    ("household mailbox, a record without a name", pl.col("shared") & pl.col("nameless")),
    ("mailbox in common, names spelled differently", pl.col("mail") & ~pl.col("nameless")),
    ("mailbox in common, a record without a name", pl.col("mail")),
    ("phone in common", pl.col("phone")),
    ("another mailbox, name and address alike", pl.col("mailboxes") & pl.col("home")),
    ("another mailbox, else", pl.col("mailboxes")),
    ("name and address alike", pl.col("home")),
    ("neither mailbox, phone nor address in common", pl.lit(True)),
)


@dataclass(frozen=True)
class Judged:
    """records: one row per record with golden_customer_id, person_id, link_group and what it shows of its person."""

    records: pl.DataFrame
    persons: pl.DataFrame


def measure(truth: Path) -> dict[str, Any]:
    """All figures, ready for JSON."""
    from resolution.measure import evaluate_warehouse

    result = evaluate_warehouse(truth)
    judged = _judged(truth)
    known = judged.records.filter(pl.col("person_id").is_not_null() & ~pl.col("is_left_out"))
    findable = result.findable or result.persons
    missed, missed_causes = _missed(known)
    false, false_causes = _false(known, judged.persons)
    sizes = judged.records.group_by("golden_customer_id").len()["len"].sort(descending=True)
    return {
        "records": result.records,
        "customers": result.customers,
        "persons": result.persons.to_dict(),
        "findable": findable.to_dict(),
        "probable_links": _probable(known),
        "false_pairs": false,
        "false_customers": _false_customers(known),
        "false_causes": false_causes,
        "missed_pairs": missed,
        "missed_causes": missed_causes,
        "households": _households(known, judged.persons),
        "largest_customers": sizes.head(5).to_list(),
        "by_evidence": _by_evidence(judged.records),
        "by_platforms": _by_platforms(known),
    }


def _judged(truth: Path) -> Judged:
    import warehouse
    from resolution.measure import match_truth
    from resolution.store import lookup
    from resolution.store.bulk import copy_out

    with warehouse.connect(name="brand benchmark") as connection:
        linked = pl.DataFrame(pl.from_arrow(lookup.linked_records(connection)))
        ids = pl.DataFrame(pl.from_arrow(lookup.platform_ids(connection)))
        shown = pl.DataFrame(pl.from_arrow(copy_out(connection, *_shown())))
    judged = match_truth(linked, ids, pl.read_parquet(truth / "identifiers.parquet"))
    records = judged.join(shown, on="source_record_key", how="left", maintain_order="left").with_row_index("row")
    return Judged(records, pl.read_parquet(truth / "persons.parquet"))


def _shown() -> tuple[Any, dict[str, Any]]:
    """Query and types of what records show: mailbox, phone, address, whether a name."""
    import pyarrow as pa
    from psycopg import sql

    query = sql.SQL(
        """select source_record_key, lower(email) as email, right(regexp_replace(phone, '[^0-9]', '', 'g'), 8) as phone,
                  lower(address_line) || '|' || lower(postcode) as home, full_name is not null as is_named
           from intermediate.int_person_records"""
    )
    return query, dict.fromkeys(("source_record_key", "email", "phone", "home"), pa.string()) | {"is_named": pa.bool_()}


def _pairs(counts: pl.Series) -> int:
    size = counts.cast(pl.Int64)
    return int((size * (size - 1) // 2).sum())


def _cells(known: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Records per combination."""
    return known.group_by(*by).len("records")


def _split_pairs(cells: pl.DataFrame, whole: str, part: str) -> pl.DataFrame:
    """Pairs of different `part` within one `whole`: whole, one, other, pairs."""
    joined = cells.join(cells, on=whole, suffix="_other").filter(pl.col(part) < pl.col(f"{part}_other"))
    return joined.select(
        whole, one=part, other=f"{part}_other", pairs=pl.col("records").cast(pl.Int64) * pl.col("records_other")
    )


def _shares(frame: pl.DataFrame, causes: tuple[tuple[str, pl.Expr], ...]) -> list[dict[str, Any]]:
    """Pairs and cases by the first cause that holds."""
    if not frame.height:
        return []
    cause = pl.coalesce(*(pl.when(condition.fill_null(False)).then(pl.lit(name)) for name, condition in causes))
    table = frame.with_columns(cause=cause).group_by("cause").agg(pl.col("pairs").sum(), cases=pl.len())
    total = int(table["pairs"].sum())
    return table.sort("pairs", "cause", descending=True).with_columns(share=pl.col("pairs") / total).to_dicts()


def _false(known: pl.DataFrame, persons: pl.DataFrame) -> tuple[int, list[dict[str, Any]]]:
    """Pairs of records of two persons in one customer, by what the two persons have in common."""
    split = _split_pairs(_cells(known, "golden_customer_id", "person_id"), "golden_customer_id", "person_id")
    facts = persons.select(
        "person_id", "household_id", "given_name", "nickname", "family_name", "email", "email_after", "phone",
        "phone_after", "shares_device_with",
    )  # fmt: skip
    both = split.join(facts, left_on="one", right_on="person_id").join(
        facts, left_on="other", right_on="person_id", suffix="_b"
    )

    def meets(a: str, b: str) -> pl.Expr:
        pairs = [(x, y) for x in (a, b) for y in (f"{a}_b", f"{b}_b")]
        return pl.any_horizontal(*((pl.col(x) == pl.col(y)).fill_null(False) for x, y in pairs))

    frame = both.with_columns(
        same_home=pl.col("household_id") == pl.col("household_id_b"),
        same_name=(pl.col("family_name") == pl.col("family_name_b")) & meets("given_name", "nickname"),
        same_mail=meets("email", "email_after"),
        same_phone=meets("phone", "phone_after"),
        same_device=(pl.col("shares_device_with") == pl.col("other"))
        | (pl.col("shares_device_with_b") == pl.col("one")),
    )
    return int(split["pairs"].sum()), _shares(frame, HOUSEHOLD_CAUSES)


def _false_customers(known: pl.DataFrame) -> int:
    people = known.group_by("golden_customer_id").agg(pl.col("person_id").n_unique().alias("people"))
    return people.filter(pl.col("people") > 1).height


def _missed(known: pl.DataFrame) -> tuple[int, list[dict[str, Any]]]:
    """Pairs of records of one person that the exports allow to be joined, in two customers, by what these share."""
    split = _split_pairs(_cells(known, "link_group", "golden_customer_id"), "link_group", "golden_customer_id")
    parts = known.join(
        pl.concat([split["one"], split["other"]]).unique().to_frame("golden_customer_id"), on="golden_customer_id"
    )
    role = pl.col("email").str.contains(r"^(?:info|office|sales|contact)@")
    sides = parts.group_by("golden_customer_id").agg(
        mails=pl.col("email").drop_nulls().unique(),
        phones=pl.col("phone").drop_nulls().unique(),
        homes=pl.col("home").drop_nulls().unique(),
        named=pl.col("is_named").any(),
        role=role.any(),
    )
    holders = known.drop_nulls("email").group_by("email").agg(pl.col("person_id").n_unique().alias("people"))
    family = holders.filter(pl.col("people") > 1)["email"].implode()
    both = split.join(sides, left_on="one", right_on="golden_customer_id").join(
        sides, left_on="other", right_on="golden_customer_id", suffix="_b"
    )

    def common(name: str) -> pl.Expr:
        return pl.col(name).list.set_intersection(f"{name}_b").list.len() > 0

    frame = both.with_columns(
        mail=common("mails"),
        phone=common("phones"),
        home=common("homes"),
        nameless=~pl.col("named") | ~pl.col("named_b"),
        mailboxes=(pl.col("mails").list.len() > 0) & (pl.col("mails_b").list.len() > 0),
        shared=pl.col("mails").list.set_intersection("mails_b").list.eval(pl.element().is_in(family)).list.any(),
    ).with_columns(role=pl.col("mail") & pl.col("role"))
    return int(split["pairs"].sum()), _shares(frame, MISSED_CAUSES)


def _households(known: pl.DataFrame, persons: pl.DataFrame) -> dict[str, int]:
    """Customers that hold several members of a household, and pairs of members that were kept apart."""
    homes = known.join(persons.select("person_id", "household_id"), on="person_id")
    members = homes.group_by("golden_customer_id", "household_id").agg(pl.col("person_id").n_unique().alias("people"))
    mixed = members.filter(pl.col("people") > 1)
    seen = homes.group_by("household_id").agg(pl.col("person_id").n_unique().alias("people"))
    pairs, joined = _pairs(seen["people"]), _pairs(mixed["people"])
    return {"member_pairs": pairs, "member_pairs_joined": joined, "customers_of_several_members": mixed.height}


def _edges(records: pl.DataFrame) -> pl.DataFrame:
    """Accepted evidence with the persons of both sides, where they are known and one: kind, evidence, is_right."""
    import pyarrow as pa
    from psycopg import sql

    import warehouse
    from resolution.store.bulk import copy_out

    query = sql.SQL("select left_key, right_key, kind, split_part(evidence, ',', 1) as evidence, match_weight from {}")
    types = dict.fromkeys(("left_key", "right_key", "kind", "evidence"), pa.string()) | {"match_weight": pa.float32()}
    with warehouse.connect(name="brand benchmark") as connection:
        found = copy_out(connection, query.format(sql.Identifier("identity", "match_edges")), types)
    facts = records.filter(pl.col("person_id").is_not_null() & ~pl.col("is_left_out")).select(
        "source_record_key", "person_id", "golden_customer_id"
    )
    edges = pl.DataFrame(pl.from_arrow(found))
    return (
        edges.join(facts, left_on="left_key", right_on="source_record_key")
        .join(facts, left_on="right_key", right_on="source_record_key", suffix="_b")
        .with_columns(
            is_right=pl.col("person_id") == pl.col("person_id_b"),
            is_used=pl.col("golden_customer_id") == pl.col("golden_customer_id_b"),
        )
    )


def _by_evidence(records: pl.DataFrame) -> list[dict[str, Any]]:
    """Accepted edges by type of evidence: how many, how many right, how many the clusters use, and of those right."""
    label = pl.when(pl.col("kind") == "probable").then(pl.lit("likeness")).otherwise("evidence")
    used = pl.col("is_right").filter("is_used")
    return (
        _edges(records)
        .group_by(evidence=label)
        .agg(
            edges=pl.len(),
            precision=pl.col("is_right").mean(),
            used=pl.col("is_used").sum(),
            precision_of_used=used.mean(),
        )
        .sort("edges", "evidence", descending=True)
        .to_dicts()
    )


def _probable(known: pl.DataFrame) -> dict[str, Any]:
    """Pairs of records that likeness alone joins: those in one customer that certain evidence leaves apart."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = _edges(known).filter((pl.col("kind") != "probable") & pl.col("is_used"))
    place = dict(zip(known["source_record_key"].to_list(), range(known.height), strict=True))
    left, right = (np.array([place[k] for k in edges[side].to_list()], np.int64) for side in ("left_key", "right_key"))
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(known.height, known.height))
    atom = connected_components(graph, directed=False)[1]
    table = known.select("golden_customer_id", "person_id").with_columns(atom=pl.Series(atom))
    split = _split_pairs(_cells(table, "golden_customer_id", "atom"), "golden_customer_id", "atom")
    cells = _cells(table.with_columns(cell=pl.struct("golden_customer_id", "person_id").hash()), "cell", "atom")
    right_pairs, pairs = int(_split_pairs(cells, "cell", "atom")["pairs"].sum()), int(split["pairs"].sum())
    return {"pairs": pairs, "precision": right_pairs / pairs if pairs else 1.0}


def _by_platforms(known: pl.DataFrame) -> list[dict[str, Any]]:
    """Per pair of platforms: findable pairs, recall of them, and precision of the pairs that customers assert."""
    columns = {
        "found": ("golden_customer_id",),
        "wanted": ("link_group",),
        "both": ("golden_customer_id", "link_group"),
        "right": ("golden_customer_id", "person_id"),
    }
    tables = []
    for name, by in columns.items():
        cells = known.group_by(*by, "source_platform").len("records").with_columns(pl.col("records").cast(pl.Int64))
        joined = cells.join(cells, on=list(by), suffix="_b").filter(
            pl.col("source_platform") <= pl.col("source_platform_b")
        )
        same = pl.col("source_platform") == pl.col("source_platform_b")
        count = pl.when(same).then(pl.col("records") * (pl.col("records") - 1) // 2).otherwise(
            pl.col("records") * pl.col("records_b")
        )  # fmt: skip
        tables.append(joined.group_by("source_platform", "source_platform_b").agg(count.sum().alias(name)))
    table = tables[1]
    for other in (tables[0], tables[2], tables[3]):
        table = table.join(other, on=["source_platform", "source_platform_b"], how="left")
    return (
        table.fill_null(0)
        .filter(pl.col("wanted") > 0)
        .select(
            platforms=pl.concat_str("source_platform", pl.lit(" – "), "source_platform_b"),
            findable="wanted",
            recall=pl.col("both") / pl.col("wanted"),
            precision=pl.when(pl.col("found") > 0).then(pl.col("right") / pl.col("found")),
        )
        .sort("findable", "platforms", descending=True)
        .to_dicts()
    )


def show(figures: dict[str, Any]) -> None:
    """The figures as tables for people."""
    persons, findable = figures["persons"], figures["findable"]
    print(f"\n{figures['customers']:,} customers of {figures['records']:,} records")
    print(
        f"pairwise precision {persons['pairwise_precision']:.5f}; recall {findable['pairwise_recall']:.4f} of the "
        f"pairs that the exports allow to be found, {persons['pairwise_recall']:.4f} of all; B-cubed "
        f"{persons['bcubed_precision']:.5f} and {findable['bcubed_recall']:.4f}"
    )
    probable = figures["probable_links"]
    print(f"likeness alone joins {probable['pairs']:,} pairs, {probable['precision']:.4f} of them right")
    homes = figures["households"]
    print(
        f"{homes['member_pairs_joined']:,} of {homes['member_pairs']:,} pairs of household members in one customer; "
        f"{figures['false_customers']:,} customers of several persons; largest customers {figures['largest_customers']}"
    )
    for title in ("false", "missed"):
        print(f"\n{figures[title + '_pairs']:,} {title} pairs by cause{'pairs':>43} {'share':>7} {'cases':>6}")
        for row in figures[title + "_causes"]:
            print(f"  {row['cause']:<60} {row['pairs']:>6,} {row['share']:>7.1%} {row['cases']:>6,}")
    print(f"\n{'evidence':<16}{'edges':>10} {'right':>8} {'used':>10} {'right':>8}")
    for row in figures["by_evidence"]:
        of_used = f"{row['precision_of_used']:>8.4f}" if row["precision_of_used"] is not None else ""
        print(f"{row['evidence']:<16}{row['edges']:>10,} {row['precision']:>8.4f} {row['used']:>10,} {of_used}")
    rows = figures["by_platforms"]
    print(
        f"\n{'platforms (the 12 with most pairs, then the worst)':<52}{'findable':>10} {'recall':>8} {'precision':>9}"
    )
    worst = sorted((r for r in rows[12:] if r["findable"] >= 100), key=lambda r: r["recall"])[:6]
    for row in [*rows[:12], *worst]:
        precision = f"{row['precision']:>9.4f}" if row["precision"] is not None else ""
        print(f"{row['platforms']:<52}{row['findable']:>10,} {row['recall']:>8.4f} {precision}")
