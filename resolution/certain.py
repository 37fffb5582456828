"""Certain links: records that share an identifier, with the guards that keep one bad value from joining strangers.

Two steps, both set-based. `identifier_keys` turns identifiers into integer keys (blocked values leave here, relays and
role mailboxes become types of their own); `key_edges` joins the holders of each key, unless the key exceeds a limit, as
a star around one record: n-1 edges, never n². Keys are stored beside the block keys, so that a night finds the holders
of a changed value by index.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from resolution.hints import NameHints
from resolution.identifier_rules import IdentifierRule, IdentifierRules, load_identifier_rules

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

log = logging.getLogger(__name__)
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
        rows = table.filter(pl.col("identifier_type").is_in([n for n in (rule.name, rule.taken_from) if n]))
        if rows.height == 0:
            continue
        values = _usable_values(rows, rule, rules)
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
    passes, key = keys["pass"].to_numpy(), keys["key"].to_numpy(np.int64)
    position = keys["position"].to_numpy(np.int64)
    packed, kind = [], []
    # In the order of the names, so that a stable sort by pair leaves the types of one pair in that order.
    own = sorted((rule for rule in rules.rules if rule.same_as is None), key=lambda rule: rule.name)
    for number, rule in enumerate(own):
        rows = np.flatnonzero(passes == rule.code)
        group, holder = shared_keys(key[rows], position[rows])
        if not len(group):
            continue
        allowed = ~_over_limits(group, holder, hints.given, accounts, rule)[group]
        left, right = _star(group[allowed], holder[allowed], hints, rule)
        pairs = np.unique(left << 32 | right)
        packed.append(pairs)
        kind.append(np.full(len(pairs), number, np.int8))
    if not packed:
        return empty_edges()
    pairs, which = np.concatenate(packed), np.concatenate(kind)
    order = np.argsort(pairs, kind="stable")
    pairs, which = pairs[order], which[order]
    certain = np.array(["certain"], object)
    return pd.DataFrame(
        {
            "left": (pairs >> 32).astype(np.int32),
            "right": (pairs & 0xFFFFFFFF).astype(np.int32),
            "match_weight": np.array([rule.match_weight for rule in own], np.float32)[which],
            "match_probability": np.array([rule.match_probability for rule in own])[which],
            "kind": certain[np.zeros(len(pairs), np.int8)],
            "evidence": np.array([rule.name for rule in own], object)[which],
        }
    )


def shared_keys(key: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(group int64, holder int64) of keys that several records hold, sorted by both; groups count from 0."""
    import numpy as np

    order = np.lexsort((position, key))
    key, position = key[order], position[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, np.int64)
    size = np.diff(np.append(starts, len(key)))
    several = size > 1
    return np.repeat(np.arange(int(several.sum())), size[several]), position[np.repeat(several, size)]


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


def _usable_values(rows: pl.DataFrame, rule: IdentifierRule, rules: IdentifierRules) -> pl.DataFrame:
    """Distinct raw values of one type with their comparable form: identifier_value, value; blocked ones are absent,
    and so are those that are of another type after their form.
    """
    import polars as pl

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
    source = rules.rule(rule.taken_from) if rule.taken_from else rule
    for pattern in (*rules.blocked_patterns, *source.blocked_patterns, *rule.blocked_patterns):
        blocked = blocked | lower.str.contains(pattern)
    distinct = distinct.filter(~blocked)
    # The first type that takes a value by its form has it: of an e-mail's forms each value has one.
    for taker in (r for r in rules.rules if r.taken_from == source.name):
        looks_so = pl.any_horizontal(*(lower.str.contains(pattern) for pattern in taker.patterns))
        if taker is rule:
            return distinct.filter(looks_so)
        distinct = distinct.filter(~looks_so)
    if any(r.same_as == rule.name for r in rules.rules):
        # Other platforms send only the md5 of the same value: compare in that form.
        distinct = distinct.with_columns(value=pl.Series(md5_hex(distinct["value"].to_list()), dtype=pl.String))
    return distinct


def md5_hex(values: list[str]) -> list[str]:
    """md5 of each text, as 32 hexadecimal digits."""
    from hashlib import md5

    return [md5(v.encode(), usedforsecurity=False).hexdigest() for v in values]


def _over_limits(
    group: np.ndarray, holder: np.ndarray, given: np.ndarray, accounts: pd.DataFrame, rule: IdentifierRule
) -> np.ndarray:
    """bool[groups]: keys of too many records, people or accounts to be anybody's identifier.

    group, holder: sorted, of `shared_keys`. How many there are of which kind is logged, never which.
    """
    import numpy as np
    import pandas as pd

    size = np.bincount(group)
    reasons = {"records": size > rule.max_records}
    # Only a key of more holders than people are allowed can have more people.
    rows = np.flatnonzero((size > rule.max_people)[group] & (given[holder] >= 0))
    people = _distinct_per_group(group[rows], pd.factorize(given[holder[rows]])[0], len(size))
    reasons["people"] = people > rule.max_people
    reasons["accounts"] = np.zeros(len(size), bool)
    if len(accounts) and not rule.exclusive:
        rows = np.flatnonzero((size > rule.max_accounts)[group])
        owner = accounts["position"].to_numpy(np.int64)
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], holder[rows], "left")
        count = np.searchsorted(owner[order], holder[rows], "right") - first
        held = order[np.repeat(first - np.cumsum(count) + count, count) + np.arange(int(count.sum()))]
        space, spaces = pd.factorize(accounts["namespace"].to_numpy()[held])
        value = pd.factorize(accounts["value"].to_numpy()[held])[0]
        within = np.repeat(group[rows], count) * max(len(spaces), 1) + space
        several = _distinct_per_group(within, value, len(size) * max(len(spaces), 1))
        reasons["accounts"] = several.reshape(len(size), -1).max(axis=1) > rule.max_accounts
    for reason, over in reasons.items():
        if over.any():
            log.info(
                "%s: %d values of %d records are nobody's: each has more %s than allowed",
                rule.name, int(over.sum()), int(size[over].sum()), reason,
            )  # fmt: skip
    return reasons["records"] | reasons["people"] | reasons["accounts"]


def _distinct_per_group(group: np.ndarray, code: np.ndarray, count: int) -> np.ndarray:
    """int64[count]: how many distinct codes (0, 1, …) each group has."""
    import numpy as np
    import pandas as pd

    if not len(group):
        return np.zeros(count, np.int64)
    width = int(code.max()) + 1
    return np.bincount(pd.unique(group * width + code) // width, minlength=count)


def _star(
    value: np.ndarray, position: np.ndarray, hints: NameHints, rule: IdentifierRule
) -> tuple[np.ndarray, np.ndarray]:
    """Join the holders of each value around the lowest position of their name group.

    Records without a name join the value's only person. Where holders have names that cannot be one (a family's
    mailbox), or the mailbox is named after somebody else, a record without a name could be anybody's and joins nobody.
    Spellings of one given name with one family name are one group (Cynthia and Cindy of one mailbox). With
    `across_names` all are joined (records without a name around the largest group; tie: the lowest position); with
    `same_name` only records of one full name are.
    value, position: int64, sorted by both.
    """
    import numpy as np
    import pandas as pd

    hint = (hints.name if rule.same_name else hints.given)[position]
    if rule.same_name:
        full = (hint >= 0) & ((hint & 0xFFFFFFFF > 0) | (not hints.has_families))
        value, position, hint = value[full], position[full], hint[full]
    if not len(value):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    code, names = pd.factorize(hint)
    order = np.argsort(value * len(names) + code, kind="stable")
    value, position, hint, code = value[order], position[order], hint[order], code[order]
    new_group = np.r_[True, (value[1:] != value[:-1]) | (code[1:] != code[:-1])]
    group = np.cumsum(new_group) - 1
    starts = np.flatnonzero(new_group)
    centre, group_value, group_hint = position[starts], value[starts], hint[starts]
    size = np.bincount(group)
    # The main group of each value: named before nameless, then larger, then lower centre.
    rank = np.lexsort((centre, -size, group_hint < 0, group_value))
    first = np.r_[True, group_value[rank][1:] != group_value[rank][:-1]]
    main_of_value = np.empty(int(value.max()) + 1, dtype=np.int64)
    main_of_value[group_value[rank][first]] = rank[first]
    main = main_of_value[group_value]
    target = centre[group]
    nameless = hint < 0
    target[nameless] = centre[main[group[nameless]]]
    if rule.same_name:
        a, b = target, position
    elif rule.across_names:
        a, b = np.r_[target, centre[main]], np.r_[position, centre]
    else:
        shared = np.zeros(len(main_of_value), bool)
        others = np.flatnonzero((group_hint >= 0) & (main != np.arange(len(main))))
        alike = hints.alike(centre[main[others]], centre[others])
        shared[group_value[others[~alike]]] = True
        if rule.is_mailbox:
            shared[value[hints.foreign[position] & ~nameless]] = True
        known = ~(nameless & shared[value])
        family = hints.name & 0xFFFFFFFF if hints.has_families else np.zeros(len(hints.name), np.int64)
        spelled = others[alike]
        one, other = centre[main[spelled]], centre[spelled]
        same = (family[one] > 0) & (family[one] == family[other])
        a, b = np.r_[target[known], one[same]], np.r_[position[known], other[same]]
    keep = a != b
    return np.minimum(a[keep], b[keep]), np.maximum(a[keep], b[keep])
