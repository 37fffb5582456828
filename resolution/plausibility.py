"""How plausible a customer is as one person, without labels: names, birth dates and bridges. Pure, set-based.

Two values of one customer count as one when a nickname, an initial or a typing error explains the difference; what is
counted is the number of groups that are left (connected components over "explained" pairs, per customer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SIMILAR_NAME = 0.88
"""Jaro–Winkler from which two first words are one name mistyped."""
WEAK_LINK = 0.9
"""A link below this probability does not hold two groups together by itself."""
MOST_VALUES = 200
"""Distinct values of one customer that are compared; a customer with more is implausible whatever they are."""


def count_given_names(names: pl.DataFrame) -> pl.DataFrame:
    """Different given names per customer.

    names: customer, given_name, full_name (text as platforms give it, null = unknown). Returns customer, figure int64,
    only of customers with a name. Nicknames (`resolution.standardise.names`), compound names that share a word,
    beginnings (`Alex`, `Alexander`) and typing errors are one name; initials are none.
    """
    import polars as pl

    from resolution.standardise.names import clean_names, nickname_roots, split_full_names

    raw = names.select("customer", given=_text("given_name"), full=_text("full_name")).unique()
    distinct = raw.select("full").unique().drop_nulls()["full"]
    split = pl.DataFrame({"full": distinct, "of_full": split_full_names(distinct)[0]})
    given = raw.select("given").unique().drop_nulls()["given"]
    clean = pl.DataFrame({"given": given, "of_given": clean_names(given)})
    found = (
        raw.join(clean, on="given", how="left")
        .join(split, on="full", how="left")
        .select("customer", name=pl.coalesce("of_given", "of_full"))
        .with_columns(
            word=pl.col("name").str.split(" ").list.eval(pl.element().filter(pl.element().str.len_chars() > 1))
        )
        .filter(pl.col("word").list.len() > 0)
        .unique(["customer", "name"])
        .sort("customer", "name")
    )
    nodes = _few(found).with_row_index("node")
    roots = nickname_roots()
    words = nodes.select("customer", "node", "word").explode("word")
    known = sorted(set(words["word"].to_list()))
    table = pl.DataFrame(
        {"word": known, "root": [list({w, *roots.get(w, ())}) for w in known]},
        schema={"word": pl.String, "root": pl.List(pl.String)},
    )
    shared = words.join(table.explode("root"), on="word").select("customer", "node", "root").unique()
    by_root = shared.with_columns(first=pl.col("node").min().over("customer", "root")).select("node", other="first")
    firsts = nodes.select("customer", "node", first=pl.col("word").list.first())
    pairs = firsts.join(firsts, on="customer", suffix="_2").filter(pl.col("node") < pl.col("node_2"))
    beginning = pl.col("first").str.starts_with(pl.col("first_2")) | pl.col("first_2").str.starts_with(pl.col("first"))
    alike = _similarity(pairs, "first", "first_2") >= SIMILAR_NAME
    pairs = pairs.with_columns(alike=pl.Series(alike, dtype=pl.Boolean) | beginning).filter("alike")
    return _count_groups(nodes, pl.concat([by_root, pairs.select("node", other="node_2")]))


def count_birth_dates(dates: pl.DataFrame, placeholders: tuple[str, ...] = ()) -> pl.DataFrame:
    """Different birth dates per customer.

    dates: customer, birth_date (ISO text or date). Returns customer, figure int64, only of customers with a date.
    One wrong or two swapped neighbouring digits, a swap of day and month, and 1 January for "only the year is known"
    are the same date. placeholders: ISO dates that say nothing.
    """
    import polars as pl

    from resolution.standardise.dates import clean_dates, swapped

    raw = dates.select("customer", date=_text("birth_date")).drop_nulls()
    distinct = raw.select("date").unique()["date"]
    clean = pl.DataFrame({"date": distinct, "day": clean_dates(distinct, placeholders)})
    found = raw.join(clean, on="date").select("customer", "day").drop_nulls().unique().sort("customer", "day")
    nodes = _few(found).with_row_index("node")
    nodes = nodes.with_columns(order_free=swapped(nodes["day"]), year=pl.col("day").str.head(4))
    pairs = nodes.join(nodes, on="customer", suffix="_2").filter(pl.col("node") < pl.col("node_2"))
    year_only = pl.col("day").str.contains("(0101|00)$") | pl.col("day_2").str.contains("(0101|00)$")
    same = (pl.col("order_free") == pl.col("order_free_2")) | (year_only & (pl.col("year") == pl.col("year_2")))
    pairs = pairs.with_columns(typed=pl.Series(_edits(pairs, "day", "day_2") <= 1, dtype=pl.Boolean)).filter(
        same | pl.col("typed")
    )
    return _count_groups(nodes, pairs.select("node", other="node_2"))


def weak_bridges(members: pl.DataFrame, links: pl.DataFrame, weak: float = WEAK_LINK) -> pl.DataFrame:
    """Customers in which one weak link alone joins two groups of at least two records each.

    members: customer, record. links: left, right (records of one customer), match_probability float64; several rows of
    one pair count as the strongest. A group is what links of at least `weak` hold together. Returns customer, left,
    right, figure (the link's probability), weakest first, one row per customer.
    """
    import numpy as np
    import polars as pl

    from resolution.components import components

    nodes = members.select("customer", "record").unique().sort("customer", "record").with_row_index("node")
    index = nodes.select("record", "node")
    pairs = (
        links.join(index, left_on="left", right_on="record")
        .join(index, left_on="right", right_on="record", suffix="_2")
        .group_by("node", "node_2")
        .agg(pl.col("match_probability").max(), pl.col("left").first(), pl.col("right").first())
    )
    strong = pairs.filter(pl.col("match_probability") >= weak)
    group = components(nodes.height, strong["node"].to_numpy(), strong["node_2"].to_numpy())
    size = np.bincount(group, minlength=1)
    a, b = (group[pairs[c].to_numpy()] for c in ("node", "node_2"))
    between = pairs.with_columns(
        low=pl.Series(np.minimum(a, b)),
        high=pl.Series(np.maximum(a, b)),
        dense=pl.Series((size[a] > 1) & (size[b] > 1)),
    ).filter(pl.col("low") != pl.col("high"))
    alone = between.filter((pl.len().over("low", "high") == 1) & pl.col("dense"))
    return (
        alone.join(nodes.select("node", "customer"), on="node")
        .sort("match_probability", "left", "right")
        .unique("customer", keep="first", maintain_order=True)
        .select("customer", "left", "right", figure="match_probability")
    )


def _count_groups(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    from resolution.components import components

    group = components(nodes.height, edges["node"].to_numpy(), edges["other"].to_numpy())
    return (
        nodes.select("customer", group=pl.Series(group, dtype=pl.Int64))
        .group_by("customer")
        .agg(figure=pl.col("group").n_unique().cast(pl.Int64))
        .sort("customer")
    )


def _few(values: pl.DataFrame) -> pl.DataFrame:
    """The first values of each customer; `values` is sorted."""
    import polars as pl

    return values.filter(pl.int_range(pl.len()).over("customer") < MOST_VALUES)


def _text(column: str) -> pl.Expr:
    import polars as pl

    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(text.str.len_chars() > 0).then(text)


def _similarity(pairs: pl.DataFrame, left: str, right: str) -> np.ndarray:
    import numpy as np
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler

    sides = (pairs[left].to_list(), pairs[right].to_list())
    return process.cpdist(*sides, scorer=JaroWinkler.similarity, dtype=np.float64)


def _edits(pairs: pl.DataFrame, left: str, right: str) -> np.ndarray:
    import numpy as np
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    return process.cpdist(pairs[left].to_list(), pairs[right].to_list(), scorer=OSA.distance, dtype=np.int64)
