"""Certain links: records that share an identifier, with the guards that keep one bad value from joining strangers.

Two steps, both set-based. `identifier_keys` turns identifiers into integer keys (blocked values and pseudo e-mails
leave here); `key_edges` joins the holders of each key, unless the key exceeds a limit, as a star around one record: n-1
edges, never n². Keys are stored beside the block keys, so that a night finds the holders of a changed value by index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolution.hints import NameHints
from resolution.identifier_rules import IdentifierRule, IdentifierRules, load_identifier_rules

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

EDGE_COLUMNS = ("left", "right", "match_weight", "match_probability", "kind", "evidence")
_EMAIL_ALIASES = {"googlemail.com": "gmail.com"}


def certain_edges(
    identifiers: pd.DataFrame,
    n_records: int,
    config: IdentifierRules | None = None,
    *,
    name_hint: np.ndarray | NameHints | None = None,
) -> pd.DataFrame:
    """Edges between records that share an identifier.

    identifiers: position int32, identifier_type, identifier_namespace, identifier_value str, is_verified bool.
    name_hint: int64[n_records], equal for records whose given names agree, -1 where unknown, or NameHints; None =
    nothing known.
    Returns left int32 < right int32, match_weight float32, match_probability float64, kind 'certain', evidence (type),
    sorted, at most one row per pair and type. Records are joined around the lowest position, so positions that follow
    the order of record keys give the same edges whatever else is in the data.
    """
    rules = config or load_identifier_rules()
    keys = identifier_keys(identifiers, rules)
    return key_edges(keys, n_records, account_keys(identifiers, rules), rules, name_hint=name_hint)


def identifier_keys(identifiers: pd.DataFrame, rules: IdentifierRules) -> pd.DataFrame:
    """Usable identifiers as keys: position int32, pass int16 (the rule's code), key int64; no row for blocked
    values.
    """
    import pandas as pd
    import polars as pl

    if len(identifiers) == 0:
        return _empty_keys()
    table = pl.from_pandas(
        identifiers[["position", "identifier_type", "identifier_namespace", "identifier_value"]].assign(
            identifier_type=identifiers["identifier_type"].astype("string"),
            identifier_namespace=identifiers["identifier_namespace"].astype("string"),
            identifier_value=identifiers["identifier_value"].astype("string"),
        )
    ).with_columns(pl.col("position").cast(pl.Int32), pl.col("identifier_namespace").fill_null(""))
    parts = []
    for rule in rules.rules:
        rows = table.filter(pl.col("identifier_type") == rule.name)
        if rows.height == 0:
            continue
        values = _usable_values(rows, rule.name, rules)
        rows = rows.join(values, on="identifier_value", how="inner").select(
            "position", (pl.col("identifier_namespace") + pl.lit("\x1f") + pl.col("value")).alias("text")
        )
        rows = rows.unique()
        per_record = pl.len().over("position")
        # A record with too many values of a type is a shared device or a till, not a person.
        rows = rows.filter(per_record <= rule.max_values)
        if rows.height:
            parts.append(_hashed(rows, rule.code))
    if not parts:
        return _empty_keys()
    keys = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    return keys.sort_values(["position", "pass", "key"], ignore_index=True)


def account_keys(identifiers: pd.DataFrame, rules: IdentifierRules) -> pd.DataFrame:
    """Verified values of exclusive types: position int32, namespace int64, value int64 (hashes, equal = same)."""
    import numpy as np
    import pandas as pd

    exclusive = [r.name for r in rules.rules if r.exclusive]
    rows = identifiers
    if len(rows):
        mask = rows["identifier_type"].isin(exclusive) & rows["is_verified"].fillna(False).astype(bool)
        rows = rows[mask]
    if len(rows) == 0:
        return pd.DataFrame(
            {"position": np.empty(0, np.int32), "namespace": np.empty(0, np.int64), "value": np.empty(0, np.int64)}
        )
    names = rows["identifier_type"].astype(str) + "\x1f" + rows["identifier_namespace"].fillna("").astype(str)
    result = pd.DataFrame(
        {
            "position": rows["position"].to_numpy(np.int32),
            "namespace": hash_text(names),
            "value": hash_text(names + "\x1f" + rows["identifier_value"].astype(str).str.strip()),
        }
    ).drop_duplicates(ignore_index=True)
    # A record that itself names two accounts of one namespace (a shared device) speaks for neither.
    alone = ~result.duplicated(["position", "namespace"], keep=False)
    return result[alone].sort_values(["position", "namespace"], ignore_index=True)


def key_edges(
    keys: pd.DataFrame,
    n_records: int,
    accounts: pd.DataFrame,
    rules: IdentifierRules,
    *,
    name_hint: np.ndarray | NameHints | None = None,
) -> pd.DataFrame:
    """Star edges of every key within its limits; see `certain_edges`. `keys` must hold all holders of each key."""
    import numpy as np
    import pandas as pd

    hints = NameHints.of(name_hint, n_records)
    parts = []
    for rule in rules.rules:
        if rule.same_as is not None:
            continue
        rows = keys[keys["pass"] == rule.code]
        if len(rows) < 2:
            continue
        value = pd.factorize(rows["key"].to_numpy())[0].astype(np.int64)
        position = rows["position"].to_numpy(np.int64)
        repeated = np.bincount(value)[value] > 1
        value, position = value[repeated], position[repeated]
        if len(value) == 0:
            continue
        allowed = _within_limits(value, position, hints.given, accounts, rule)
        value, position = value[allowed], position[allowed]
        if len(value) == 0:
            continue
        left, right = _star(value, position, hints, rule)
        parts.append(
            pd.DataFrame(
                {
                    "left": left.astype(np.int32),
                    "right": right.astype(np.int32),
                    "match_weight": np.float32(rule.match_weight),
                    "match_probability": rule.match_probability,
                    "kind": "certain",
                    "evidence": rule.name,
                }
            )
        )
    if not parts:
        return empty_edges()
    edges = pd.concat(parts, ignore_index=True).drop_duplicates(["left", "right", "evidence"])
    return edges.sort_values(["left", "right", "evidence"], ignore_index=True)


def empty_edges() -> pd.DataFrame:
    """An edge table without rows, with the agreed columns and types."""
    import pandas as pd

    return pd.DataFrame(
        {
            "left": pd.Series(dtype="int32"),
            "right": pd.Series(dtype="int32"),
            "match_weight": pd.Series(dtype="float32"),
            "match_probability": pd.Series(dtype="float64"),
            "kind": pd.Series(dtype=object),
            "evidence": pd.Series(dtype=object),
        }
    )


def hash_text(values: pd.Series | np.ndarray) -> np.ndarray:
    """int64 keyed hash of each text (SipHash with pandas' fixed key: equal on every machine and in every run)."""
    import numpy as np
    import pandas as pd

    array = np.asarray(values, dtype=object)
    return pd.util.hash_array(array, categorize=False).astype(np.uint64).view(np.int64)


def _empty_keys() -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {"position": np.empty(0, np.int32), "pass": np.empty(0, np.int16), "key": np.empty(0, np.int64)}
    )


def _hashed(rows: pl.DataFrame, code: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            "position": rows["position"].to_numpy().astype(np.int32),
            "pass": np.full(rows.height, code, dtype=np.int16),
            "key": hash_text(rows["text"].to_numpy()),
        }
    )


def _usable_values(rows: pl.DataFrame, type_name: str, rules: IdentifierRules) -> pl.DataFrame:
    """Distinct raw values of one type with their comparable form: identifier_value, value; blocked ones are absent."""
    import polars as pl

    rule = rules.rule(type_name)
    value = pl.col("identifier_value").str.strip_chars()
    if rule.normalise in ("lower", "email"):
        value = value.str.to_lowercase()
    if rule.normalise == "email":
        value = value.str.replace(r"^mailto:", "")
        for alias, name in _EMAIL_ALIASES.items():
            value = value.str.replace(f"@{alias}$", f"@{name}")
    elif rule.normalise == "phone":
        value = value.str.replace(r"(?i)^tel:", "").str.replace_all(r"[^0-9+]", "").str.replace(r"^00", "+")
    elif rule.normalise == "digits":
        value = value.str.replace_all(r"[^0-9]", "")
    distinct = rows.select("identifier_value").drop_nulls().unique().with_columns(value=value)
    lower = pl.col("value").str.to_lowercase()
    blocked = lower.is_in(list(rules.blocked_values))
    for pattern in (*rules.blocked_patterns, *rule.blocked_patterns):
        blocked = blocked | lower.str.contains(pattern)
    distinct = distinct.filter(~blocked)
    if any(r.same_as == type_name for r in rules.rules):
        # Other platforms send only the md5 of the same value: compare in that form.
        distinct = distinct.with_columns(value=pl.Series(md5_hex(distinct["value"].to_list()), dtype=pl.String))
    return distinct


def md5_hex(values: list[str]) -> list[str]:
    """md5 of each text, as 32 hexadecimal digits."""
    from hashlib import md5

    return [md5(v.encode(), usedforsecurity=False).hexdigest() for v in values]


def _within_limits(
    value: np.ndarray, position: np.ndarray, hints: np.ndarray, accounts: pd.DataFrame, rule: IdentifierRule
) -> np.ndarray:
    """Mask of the rows whose key is held by few enough records, people and accounts."""
    import numpy as np
    import pandas as pd

    count = int(value.max()) + 1
    bad = np.bincount(value, minlength=count) > rule.max_records
    hint = hints[position]
    known = hint >= 0
    people = pd.DataFrame({"value": value[known], "hint": hint[known]}).drop_duplicates()
    bad |= np.bincount(people["value"].to_numpy(), minlength=count) > rule.max_people
    if len(accounts) and not rule.exclusive:
        held = pd.DataFrame({"value": value, "position": position}).merge(
            accounts.rename(columns={"value": "account"}), on="position"
        )
        held = held[["value", "namespace", "account"]].drop_duplicates()
        per_namespace = held.groupby(["value", "namespace"], sort=False).size()
        over = per_namespace[per_namespace > rule.max_accounts]
        bad[over.index.get_level_values(0).to_numpy()] = True
    return ~bad[value]


def _star(
    value: np.ndarray, position: np.ndarray, hints: NameHints, rule: IdentifierRule
) -> tuple[np.ndarray, np.ndarray]:
    """Join the holders of each value around the lowest position of their name group.

    Records without a name join the value's only person. Where holders have names that cannot be one (a family's
    mailbox), or the mailbox is named after somebody else, a record without a name could be anybody's and joins nobody.
    With `across_names` all are joined (records without a name around the largest group; tie: the lowest position).
    """
    import numpy as np

    hint = hints.given[position]
    order = np.lexsort((position, hint, value))
    value, position, hint = value[order], position[order], hint[order]
    new_group = np.r_[True, (value[1:] != value[:-1]) | (hint[1:] != hint[:-1])]
    group = np.cumsum(new_group) - 1
    starts = np.flatnonzero(new_group)
    centre, group_value, group_hint = position[starts], value[starts], hint[starts]
    size = np.bincount(group)
    # The main group of each value: named before nameless, then larger, then lower centre.
    rank = np.lexsort((centre, -size, group_hint < 0, group_value))
    first = np.r_[True, group_value[rank][1:] != group_value[rank][:-1]]
    main_of_value = np.empty(int(value.max()) + 1 if len(value) else 0, dtype=np.int64)
    main_of_value[group_value[rank][first]] = rank[first]
    main = main_of_value[group_value]
    target = centre[group]
    nameless = hint < 0
    target[nameless] = centre[main[group[nameless]]]
    if rule.across_names:
        a, b = np.r_[target, centre[main]], np.r_[position, centre]
    else:
        shared = np.zeros(len(main_of_value), bool)
        others = np.flatnonzero((group_hint >= 0) & (main != np.arange(len(main))))
        shared[group_value[others[~hints.alike(centre[main[others]], centre[others])]]] = True
        if rule.is_mailbox:
            shared[value[hints.foreign[position] & ~nameless]] = True
        known = ~(nameless & shared[value])
        a, b = target[known], position[known]
    keep = a != b
    return np.minimum(a[keep], b[keep]), np.maximum(a[keep], b[keep])
