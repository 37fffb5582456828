"""From the warehouse's records to evidence: name hints, birth days, keys, certain and probable edges by record key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig
    from resolution.identifier_rules import IdentifierRules
    from resolution.standardise.columns import Standardised


@dataclass(frozen=True)
class People:
    """Records in the order of their keys (so that positions rank alike in every run), standardised."""

    keys: pa.Array
    records: pa.Table
    std: Standardised

    @property
    def n(self) -> int:
        return len(self.keys)

    def positions(self, keys: Any) -> np.ndarray:
        """int64 positions of record keys; -1 where a key is not here."""
        import pyarrow.compute as pc

        found = pc.index_in(keys, value_set=self.keys).fill_null(-1)
        return found.to_numpy(zero_copy_only=False).astype("int64")


def make_people(records: pa.Table, config: MatchConfig) -> People:
    """Standardise person records that come ordered by key."""
    from resolution.standardise import standardise

    return People(_flat(records["source_record_key"]), records, standardise(records, config))


def match_columns(config: MatchConfig) -> set[str]:
    """Columns of person records that matching looks at (lives.py at platform and kind): others need not be read."""
    named = {attribute.column for attribute in config.attributes.values()}
    named |= {attribute.unless for attribute in config.attributes.values() if attribute.unless}
    named |= {"source_platform", "record_kind"}
    return named | {"country_code", "is_phone_shared"} | {c for c in (config.source, config.country) if c}


def name_hints(std: Standardised) -> np.ndarray:
    """int64[n], equal for records whose given names may be one (nicknames led back); -1 for none or a bare initial."""
    import numpy as np

    from resolution.blocking import atom_hashes

    hint = np.full(std.n, -1, dtype=np.int64)
    if "given" not in std.columns:
        return hint
    values, known = atom_hashes(std, "given:root")
    column = std.columns["given"]
    first = np.array([len(str(v).split(" ", 1)[0]) for v in column.values] or [0])
    known = known & (column.codes >= 0) & (first[np.maximum(column.codes, 0)] > 1)
    hint[known] = (values[known] >> np.uint64(1)).astype(np.int64)
    return hint


def birth_days(std: Standardised) -> np.ndarray:
    """int64[n], year*10000 + month*100 + day; 0 where the date is unknown or incomplete."""
    import numpy as np

    if "birth_date" not in std.columns:
        return np.zeros(std.n, dtype=np.int64)
    column = std.columns["birth_date"]
    digits = [str(v).replace("-", "") for v in column.values]
    days = np.array([int(d) if len(d) == 8 and d.isdigit() else 0 for d in digits] + [0], dtype=np.int64)
    return days[column.codes]


def prepare_identifiers(identifiers: pa.Table, people: People) -> pd.DataFrame:
    """Identifiers with their record's position; phones in one form, shared phones left out.

    Returns position, identifier_type, identifier_namespace, identifier_value, is_verified, without unknown records.
    """
    import polars as pl

    from resolution.standardise import normalise_values

    frame = pl.from_arrow(identifiers)
    assert isinstance(frame, pl.DataFrame)
    position = people.positions(_flat(identifiers["source_record_key"]))
    frame = frame.drop("source_record_key").with_columns(position=pl.Series(position)).filter(pl.col("position") >= 0)
    country = _column(people, "country_code", pl.String)
    shared = _column(people, "is_phone_shared", pl.Boolean).fill_null(False)
    is_phone = pl.col("identifier_type") == "phone"
    phones = frame.filter(is_phone)
    if phones.height:
        phones = phones.with_columns(
            country=country.gather(phones["position"]), shared=shared.gather(phones["position"])
        ).filter(~pl.col("shared"))
        distinct = phones.select("identifier_value", "country").unique()
        clean = normalise_values("phone", distinct["identifier_value"], distinct["country"])
        phones = (
            phones.join(distinct.with_columns(clean=clean), on=["identifier_value", "country"], nulls_equal=True)
            .with_columns(identifier_value=pl.coalesce("clean", "identifier_value"))
            .select(frame.columns)
        )
        frame = pl.concat([frame.filter(~is_phone), phones])
    return frame.with_columns(pl.col("position").cast(pl.Int32)).sort("position").to_pandas()


def all_keys(people: People, identifiers: pd.DataFrame, model: MatchModel, rules: IdentifierRules) -> pd.DataFrame:
    """Block keys and identifier keys together: position int32, pass int16, key int64, distinct.

    A record has one key at most of each block pass, and identifier keys come distinct.
    """
    import pandas as pd

    from resolution.certain import identifier_keys
    from resolution.index import block_keys

    blocks = block_keys(people.std, model.passes)
    return pd.concat([blocks, identifier_keys(identifiers, rules)], ignore_index=True)


def probable_edges(
    people: People, keys: pd.DataFrame, model: MatchModel, config: MatchConfig, focus: np.ndarray | None, keep: float
) -> tuple[pd.DataFrame, int]:
    """Scored candidate pairs of at least `keep` probability, and how many were compared.

    focus: bool[n]: only pairs with one of these. keys must hold all members of the blocks of the focus records.
    """
    from collections.abc import Iterator

    from resolution.candidates import pair_space
    from resolution.index import candidate_pairs
    from resolution.scoring import score_candidates

    space = pair_space(people.std, config)

    def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for left, right in candidate_pairs(keys, config, focus, people.n):
            allowed = space.allowed(left, right)
            if allowed.any():
                yield left[allowed], right[allowed]

    return score_candidates(people.std, model, config, chunks(), keep)


def join_edges(*parts: pd.DataFrame) -> pd.DataFrame:
    """Edge tables under each other; empty ones are left out, so that they decide no column's type."""
    import pandas as pd

    from resolution.certain import empty_edges

    filled = [part.astype({"evidence": object}) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty_edges()


def edges_by_key(edges: pd.DataFrame, keys: pa.Array) -> pa.Table:
    """Edges with record keys in place of positions: left_key, right_key, kind, evidence, match_weight, _probability.

    Weights and probabilities are rounded, so that a score never differs in its last bits from one run to another.
    """
    import numpy as np
    import pyarrow as pa

    return pa.table(
        {
            "left_key": keys.take(pa.array(edges["left"].to_numpy(np.int64))),
            "right_key": keys.take(pa.array(edges["right"].to_numpy(np.int64))),
            "kind": pa.array(edges["kind"].astype(str), pa.string()),
            "evidence": pa.array(edges["evidence"].astype(str), pa.string()),
            "match_weight": pa.array(np.round(edges["match_weight"].to_numpy(np.float64), 3).astype(np.float32)),
            "match_probability": pa.array(np.round(edges["match_probability"].to_numpy(np.float64), 6)),
        }
    )


def edges_by_position(edges: pa.Table, people: People) -> pd.DataFrame:
    """The inverse of `edges_by_key`; edges with a record that is not here are left out."""
    import numpy as np
    import pandas as pd

    left = people.positions(_flat(edges["left_key"]))
    right = people.positions(_flat(edges["right_key"]))
    known = (left >= 0) & (right >= 0)
    return pd.DataFrame(
        {
            "left": left[known].astype(np.int32),
            "right": right[known].astype(np.int32),
            "match_weight": edges["match_weight"].to_numpy()[known].astype(np.float32),
            "match_probability": edges["match_probability"].to_numpy()[known],
            "kind": edges["kind"].to_pandas().to_numpy()[known],
            "evidence": edges["evidence"].to_pandas().to_numpy()[known],
        }
    )


def edge_changes(stored: pa.Table, wanted: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(withdrawn, added): stored evidence that no longer holds as it stands, and evidence that is new or weighs
    anew.
    """
    import polars as pl

    before, after = pl.from_arrow(stored), pl.from_arrow(wanted)
    assert isinstance(before, pl.DataFrame) and isinstance(after, pl.DataFrame)
    columns = before.columns
    after = after.select(columns)
    withdrawn = before.join(after, on=columns, how="anti", nulls_equal=True)
    added = after.join(before, on=columns, how="anti", nulls_equal=True)
    return withdrawn.to_arrow(), added.to_arrow()


def decision_edges(decisions: list[tuple[str, str, str]]) -> pa.Table:
    """Decisions as evidence of their own kind: left_key, right_key, 'same' or 'different'."""
    import pyarrow as pa

    same = [verdict == "same" for _, _, verdict in decisions]
    return pa.table(
        {
            "left_key": pa.array([d[0] for d in decisions], pa.string()),
            "right_key": pa.array([d[1] for d in decisions], pa.string()),
            "kind": pa.array(["decision"] * len(decisions), pa.string()),
            "evidence": pa.array([d[2] for d in decisions], pa.string()),
            "match_weight": pa.array([99.0 if s else -99.0 for s in same], pa.float32()),
            "match_probability": pa.array([1.0 if s else 0.0 for s in same], pa.float64()),
        }
    )


def _column(people: People, name: str, kind: Any) -> pl.Series:
    """A column of the records; all null where they have none of the name."""
    import polars as pl

    if name not in people.records.column_names:
        return pl.Series(name, [None], dtype=kind).new_from_index(0, people.n)
    return pl.Series(name, pl.from_arrow(people.records[name])).cast(kind)


def _flat(column: Any) -> Any:
    """A chunked column as one array."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column
