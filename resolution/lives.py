"""Two people of one name: what keeps them apart when only likeness, or a telephone of the household, joins them.

A father and a son, or two Michael Roches of one town, agree in name, address and landline; no pair of their records
tells them apart. Their lives do. Records joined by strong evidence (accounts, mailboxes, orders) are one life. Two
lives are of two people when their mailboxes differ and, besides, either their phones differ as well, or several
platforms know both mailboxes as two people (two newsletters, two accounts: nobody has everything twice), or nothing but
likeness joins them. Such lives meet by strong evidence or a common date of birth only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

    from resolution.cluster import Constraints
    from resolution.identifier_rules import IdentifierRules
    from resolution.standardise.columns import Standardised

MOST_LIVES = 40
"""Lives of one component that are compared with each other; where more hang together, only those that touch are."""
LAST_DIGITS = 8
"""A phone is compared by its last digits: written with or without its country it is the same."""


@dataclass(frozen=True)
class Contacts:
    """What a record says of its life, one element per record; -1 = nothing. kind: a platform's record of a person."""

    email: np.ndarray
    phone: np.ndarray
    kind: np.ndarray
    birth: np.ndarray


def keep_lives_apart(
    constraints: Constraints, edges: pd.DataFrame, std: Standardised, records: pl.DataFrame, rules: IdentifierRules
) -> Constraints:
    """The constraints with the lives of `edges` that are of two people kept apart, as decisions would keep them.

    edges: all evidence among the records, decisions included, so that lives which a person joined are one.
    records: of `std`, with source_platform and record_kind where they have them.
    """
    from dataclasses import replace

    import numpy as np

    if not len(edges):
        return constraints
    contacts = contacts_of(std, records, rules)
    apart = separate_lives(std.n, edges, contacts, rules)
    known = constraints.cannot_link
    if known is not None and len(known):
        apart = np.r_[np.asarray(known, np.int64).reshape(-1, 2), apart]
    return replace(constraints, cannot_link=apart)


def with_lives_apart(
    constraints: Callable[[float], Constraints], edges: pd.DataFrame, std: Standardised, records: pl.DataFrame
) -> Callable[[float], Constraints]:
    """The same for constraints that are a function of the threshold: lives do not depend on it."""
    from dataclasses import replace

    from resolution.identifier_rules import load_identifier_rules

    base = keep_lives_apart(constraints(0.5), edges, std, records, load_identifier_rules())
    return lambda threshold: replace(base, limits=constraints(threshold).limits)


def contacts_of(std: Standardised, records: pl.DataFrame, rules: IdentifierRules) -> Contacts:
    """Only records of the rules' kinds count as a platform's person; without a record_kind none does."""
    import numpy as np
    import pandas as pd
    import polars as pl

    email = std.columns.get("email_base") or std.columns.get("email")
    phone = np.full(std.n, -1, np.int64)
    if "phone" in std.columns:
        column = std.columns["phone"]
        tail = pd.factorize(column.series().str.tail(LAST_DIGITS).to_numpy())[0].astype(np.int64)
        phone = np.append(tail, -1)[column.codes]
    kind = np.full(std.n, -1, np.int64)
    if {"source_platform", "record_kind"} <= set(records.columns):
        counts = records["record_kind"].is_in(sorted(rules.lives.kinds)).fill_null(False).to_numpy()
        names = records.select(
            pl.concat_str("source_platform", pl.lit("|"), "record_kind", ignore_nulls=True)
        ).to_series()
        kind = np.where(counts, pd.factorize(names.to_numpy())[0], -1).astype(np.int64)
    none = np.full(std.n, -1, np.int64)
    birth = std.columns["birth_date"].codes.astype(np.int64) if "birth_date" in std.columns else none
    return Contacts(none if email is None else email.codes.astype(np.int64), phone, kind, birth)


def separate_lives(n: int, edges: pd.DataFrame, contacts: Contacts, rules: IdentifierRules) -> np.ndarray:
    """Pairs of records whose lives are of two people: int64[k, 2], one pair of lowest members for two such lives.

    edges: all evidence among the records (left, right, kind, evidence). Likeness and evidence of a rebuttable type
    give way, whatever their weight. The answer for two lives depends on their connected component only.
    """
    import numpy as np
    import pandas as pd

    from resolution.components import link_labels

    rebuttable = [rule.name for rule in rules.rules if rule.rebuttable]
    evidence, kind = edges["evidence"].to_numpy(), edges["kind"].to_numpy()
    left, right = edges["left"].to_numpy(np.int64), edges["right"].to_numpy(np.int64)
    apart = (kind == "decision") & (evidence == "different")
    gives_way = (kind == "probable") | ((kind == "certain") & pd.Series(evidence).isin(rebuttable).to_numpy())
    strong = ~gives_way & ~apart
    if not gives_way.any() or not strong.any():
        return np.empty((0, 2), np.int64)
    life = link_labels(n, left[strong], right[strong])
    a, b = life[left[gives_way]], life[right[gives_way]]
    other = a != b
    a, b = a[other], b[other]
    if not len(a):
        return np.empty((0, 2), np.int64)
    by_identifier = (kind == "certain")[gives_way][other]
    component = link_labels(n, a, b)
    pairs = _pairs_of_lives(component, np.unique(np.r_[a, b]), a, b, contacts, life)
    if not len(pairs):
        return pairs
    pairs = pairs[_shared(pairs, life, contacts.email) == 0]
    pairs = pairs[_shared(pairs, life, contacts.birth) <= 0]
    phones, doubled = _shared(pairs, life, contacts.phone), _shared(pairs, life, contacts.kind, contacts.email >= 0)
    alike_only = (phones < 0) & ~_among(pairs, np.c_[a, b][by_identifier])
    return pairs[(phones == 0) | alike_only | (doubled > rules.lives.max_doubled)]


def _pairs_of_lives(
    component: np.ndarray, lives: np.ndarray, a: np.ndarray, b: np.ndarray, contacts: Contacts, life: np.ndarray
) -> np.ndarray:
    """Pairs of lives with mailboxes to look at, int64[k, 2], ascending: all of a component, or those that touch."""
    import numpy as np
    import pandas as pd

    has_mail = np.zeros(len(component), bool)
    has_mail[life[contacts.email >= 0]] = True
    table = pd.DataFrame({"life": lives[has_mail[lives]]})
    table["component"] = component[table["life"]]
    few = table.groupby("component")["life"].transform("size") <= MOST_LIVES
    both = table[few].merge(table[few], on="component", suffixes=("", "_other"))
    found = both.loc[both["life"] < both["life_other"], ["life", "life_other"]].to_numpy(np.int64)
    touching = np.sort(np.c_[a, b], axis=1)
    touching = touching[has_mail[touching].all(axis=1)]
    together = np.r_[found, touching].reshape(-1, 2)
    return np.unique(together, axis=0) if len(together) else together


def _shared(pairs: np.ndarray, life: np.ndarray, value: np.ndarray, usable: np.ndarray | None = None) -> np.ndarray:
    """int64[pairs]: how many distinct values both lives hold; -1 where one of them holds none."""
    import numpy as np
    import pandas as pd

    known = value >= 0 if usable is None else (value >= 0) & usable
    rows = np.flatnonzero(known & np.isin(life, pairs))
    held = pd.DataFrame({"life": life[rows], "value": value[rows]}).drop_duplicates()
    table = pd.DataFrame({"row": np.arange(len(pairs)), "one": pairs[:, 0], "other": pairs[:, 1]})
    one = table.merge(held, left_on="one", right_on="life")[["row", "other", "value"]]
    both = one.merge(held, left_on=["other", "value"], right_on=["life", "value"])["row"].to_numpy()
    count = np.bincount(both, minlength=len(pairs))
    has = np.isin(pairs, held["life"].to_numpy()).all(axis=1)
    return np.where(has, count, -1)


def _among(pairs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """bool[pairs]: ascending pairs that are among the others, in whichever order those are."""
    import numpy as np

    others = np.sort(others, axis=1)
    return np.isin(pairs[:, 0] << 32 | pairs[:, 1], others[:, 0] << 32 | others[:, 1])
