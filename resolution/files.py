"""Linking files: records of any columns in, golden customer ids out, without a warehouse."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolution.classify.patterns import MOST_COMPARED
from resolution.errors import ConfigError, InputError
from resolution.linkage import LEAST_KEPT, Linkage
from resolution.tables import ReadOptions, read_table, read_tables

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig
    from resolution.file_ids import IdHistory
    from resolution.pipeline import LinkResult

log = logging.getLogger(__name__)
FILE = "file"


@dataclass(frozen=True)
class FileLinkage:
    """A linkage of files: what is written, and what it is told of.

    clusters: record_id, golden_customer_id, match_probability, cluster_size, in the order of the files. changes: of ids
    since the previous output (None without one). truth: record_id, person, where a truth column was named.
    """

    clusters: pl.DataFrame
    linkage: Linkage
    result: LinkResult
    history: IdHistory
    changes: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)


def read_records(files: Sequence[Path], options: ReadOptions, config: MatchConfig) -> tuple[pl.DataFrame, MatchConfig]:
    """The records of files as one table, and the configuration that fits it.

    Several files are several sources (`file`), unless the configuration names a source. Ids that repeat between files
    become `file:id`; without an id column records are called by their row. InputError names an id that is used twice.
    """
    frame = read_tables(files, options)
    return prepare(frame, config, several=len(files) > 1)


def prepare(frame: pl.DataFrame, config: MatchConfig, several: bool) -> tuple[pl.DataFrame, MatchConfig]:
    """`read_records` for a table that has been read."""
    import polars as pl

    if several and config.source is None:
        config = config.model_copy(update={"source": FILE})
    if config.source == FILE and FILE not in frame.columns:
        frame = frame.with_columns(pl.lit("one").alias(FILE))
    if config.record_id == "row_number" and "row_number" not in frame.columns:
        row = pl.int_range(1, pl.len() + 1)
        number = pl.concat_str(FILE, pl.lit(":"), row.over(FILE)) if several else row.cast(pl.String)
        return frame.with_columns(number.alias("row_number")), config
    if config.record_id not in frame.columns:
        return frame, config  # the check of all columns says so, with the others that are missing
    ids = frame[config.record_id].cast(pl.String)
    if ids.null_count():
        first = int(ids.is_null().arg_max() or 0) + 1
        raise InputError(
            f"{ids.null_count()} records have no {config.record_id!r} (the first is record {first}); every record "
            "needs an id. `record_id: row_number` numbers the records instead"
        )
    if ids.n_unique() == len(ids):
        return frame.with_columns(ids), config
    within = [config.record_id, *([FILE] if several else [])]
    twice = frame.filter(pl.struct(within).is_duplicated())
    if twice.height:
        name = str(twice[config.record_id][0])
        rows = (frame[config.record_id].cast(pl.String) == name).arg_true()[:2] + 1
        raise InputError(
            f"the record id {name!r} in column {config.record_id!r} stands in records {rows[0]} and {rows[1]}"
            f" ({twice.height} records share an id with another); every record needs an id of its own. "
            "`record_id: row_number` numbers the records instead"
        )
    return frame.with_columns(pl.concat_str(FILE, pl.lit(":"), ids).alias(config.record_id)), config


def suggested_config(frame: pl.DataFrame, files: Sequence[Path], truth_column: str | None) -> tuple[MatchConfig, str]:
    """(configuration, its text) suggested for records; the truth is no evidence and is left out."""
    from resolution.config import config_from_dict
    from resolution.suggestion import suggest_config
    from resolution.yaml_text import parse_yaml

    seen = frame.drop(truth_column) if truth_column else frame
    name = ", ".join(str(file) for file in files)
    text = suggest_config(seen, name)
    data = parse_yaml(text)
    if not data.get("attributes"):
        raise InputError(
            f"{name}: no column could be recognised as something about a person; write a configuration with "
            f"`attributes`. There are the columns {', '.join(frame.columns)}"
        )
    return config_from_dict(data, f"the configuration suggested for {name}"), text


def read_pairs(paths: Sequence[Path], known: set[str]) -> tuple[pd.DataFrame, int]:
    """Pairs with a verdict from CSV files: (left, right, verdict; one row per pair, ordered), and how many name
    records that are not `known` (they are left out). Rows without a verdict are unanswered and left out.

    Raises InputError naming file and line for a verdict that is neither `same` nor `different`, and
    ContradictoryDecisionsError for a pair with both and for A = B, B = C, A ≠ C.
    """
    import polars as pl

    from resolution.decisions import Decision, check_decisions

    tables = [_read_verdicts(path) for path in paths]
    pairs = pl.concat(tables).unique(["left", "right", "verdict"], keep="first", maintain_order=True)
    check_decisions(Decision(a, b, verdict, where, f"line {line}") for a, b, verdict, where, line in pairs.iter_rows())
    here = pairs.filter(pl.col("left").is_in(known) & pl.col("right").is_in(known))
    return here.select("left", "right", "verdict").to_pandas(), pairs.height - here.height


def _read_verdicts(path: Path) -> pl.DataFrame:
    """left < right, verdict, file, line of one file of pairs."""
    import polars as pl

    table = read_table(path).with_row_index("line", offset=2)
    missing = {"left", "right", "verdict"} - set(table.columns)
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(sorted(missing))}; pairs need the columns left, right and verdict "
            f"(`same` or `different`). There are {', '.join(table.columns[1:])}"
        )
    text = pl.col("left", "right", "verdict").cast(pl.String).str.strip_chars()
    rows = table.with_columns(text).with_columns(pl.col("verdict").str.to_lowercase())
    rows = rows.filter(pl.col("verdict").fill_null("") != "")
    for wrong, what in (
        (~pl.col("verdict").is_in(["same", "different"]), "the verdict must be `same` or `different`"),
        (pl.col("left").is_null() | pl.col("right").is_null(), "a record id is missing"),
        (pl.col("left") == pl.col("right"), "both sides are the same record"),
    ):
        first = rows.filter(wrong)
        if first.height:
            raise InputError(f"{path}, line {first['line'][0]}: {what}")
    low, high = pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right")
    return rows.select(
        left=low, right=high, verdict="verdict", file=pl.lit(path.name), line=pl.col("line").cast(pl.Int64)
    )


def link_files(
    files: Sequence[Path],
    config: MatchConfig,
    *,
    options: ReadOptions | None = None,
    frame: pl.DataFrame | None = None,
    model: MatchModel | None = None,
    decisions: Sequence[Path] = (),
    labels: Sequence[Path] = (),
    truth_column: str | None = None,
    previous: Path | None = None,
) -> FileLinkage:
    """Link the records of files.

    frame: the records, if they have been read already. model: applied instead of learned. decisions: pairs that are, or
    are not, one person; they always hold, and teach the model too. labels, truth_column: teach the model and choose the
    threshold, and force nothing. previous: an earlier output whose golden ids stay.
    """
    import polars as pl

    from resolution.file_ids import first_history, follow, load_history
    from resolution.linking import cluster_table
    from resolution.pipeline import link
    from resolution.progress import step

    options = options or ReadOptions()
    check_settings(config, truth_column)
    with step("read"):
        frame = read_tables(files, options) if frame is None else frame
        frame, config = prepare(frame, config, several=len(files) > 1)
    ids = (
        frame[config.record_id].cast(pl.String) if config.record_id in frame.columns else pl.Series([], dtype=pl.String)
    )
    known = set(ids.to_list()) if decisions or labels else set()
    decided, notes = _pairs_of(decisions, known, "decisions")
    labelled, more = _labels(labels, known, decided, frame, config, truth_column)
    result = link(frame, config=config, decisions=decided, model=model, labels=labelled)
    with step("write the clusters"):
        clusters = cluster_table(ids.to_numpy(), result)
        edges = edge_table(ids, result)
        history, changes = first_history(clusters) if previous is None else None, None
        if previous is not None:
            clusters, changes, history = follow(load_history(previous), clusters, edges)
    assert history is not None
    linkage = Linkage(
        clusters,
        edges,
        config,
        result.model,
        tuple(Path(f) for f in files),
        options,
        tuple(decisions),
        _figures(result),
    )
    return FileLinkage(clusters, linkage, result, history, changes, (*notes, *more))


def check_settings(config: MatchConfig, truth_column: str | None) -> None:
    """Raise where the settings cannot work, before any work is done."""
    # Before any work: planning passes for dozens of attributes alone would take minutes.
    compared = len(config.attributes) + sum(a.type == "full_name" for a in config.attributes.values())
    if compared > MOST_COMPARED:
        raise ConfigError(
            f"{config.origin}: attributes: {compared} comparisons, at most {MOST_COMPARED} are made; leave out those "
            "that tell the fewest records apart (`python -m resolution profile FILE` shows it)"
        )
    used = [name for name, a in config.attributes.items() if a.column == truth_column]
    if truth_column is not None and used:
        raise ConfigError(
            f"{config.origin}: attributes.{used[0]} is the truth column {truth_column!r}; the answer cannot be "
            "evidence. Leave it out of the attributes"
        )


def edge_table(ids: pl.Series, result: LinkResult) -> pl.DataFrame:
    """Edges by record ids: left, right, match_weight, match_probability, kind, evidence; those worth keeping."""
    import polars as pl

    kept = result.edges[result.edges["match_probability"] >= LEAST_KEPT]
    left, right = (ids.gather(kept[side].to_numpy()) for side in ("left", "right"))
    return pl.DataFrame(
        {
            "left": left,
            "right": right,
            "match_weight": kept["match_weight"].to_numpy(),
            "match_probability": kept["match_probability"].to_numpy(),
            "kind": pl.Series(kept["kind"].astype(str).to_numpy(), dtype=pl.String).cast(pl.Categorical),
            "evidence": pl.Series(kept["evidence"].astype(str).to_numpy(), dtype=pl.String).cast(pl.Categorical),
        }
    )


def _pairs_of(paths: Sequence[Path], known: set[str], what: str) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    if not paths:
        return None, ()
    pairs, strange = read_pairs(paths, known)
    if strange:
        return pairs, (
            f"{strange} {what} of {', '.join(map(str, paths))} name records that are not in the files; left out",
        )
    return pairs, ()


def _labels(
    paths: Sequence[Path],
    known: set[str],
    decided: pd.DataFrame | None,
    frame: pl.DataFrame,
    config: MatchConfig,
    truth_column: str | None,
) -> tuple[pd.DataFrame | pl.DataFrame | None, tuple[str, ...]]:
    """What teaches the model: the truth column, else labelled pairs and decisions together."""
    import pandas as pd
    import polars as pl

    if truth_column is not None:
        if truth_column not in frame.columns:
            raise InputError(f"no truth column {truth_column!r}; there are {', '.join(frame.columns)}")
        return frame.select(
            record_id=pl.col(config.record_id).cast(pl.String), person=pl.col(truth_column).cast(pl.String)
        ), ()
    pairs, notes = _pairs_of(paths, known, "labels")
    both = [table for table in (decided, pairs) if table is not None and len(table)]
    return (pd.concat(both).drop_duplicates(["left", "right"]) if both else None), notes


def _figures(result: LinkResult) -> dict[str, Any]:
    from resolution.linking import summary

    return {**summary(result), "threshold_by": result.report.get("threshold_by")}


def with_threshold(config: MatchConfig, model: MatchModel | None, threshold: float) -> tuple[MatchConfig, Any]:
    """Settings and model with a threshold given by hand."""
    if not 0 < threshold < 1:
        raise InputError("--threshold must be a probability between 0 and 1")
    changed = config.model_copy(update={"threshold": threshold})
    return changed, None if model is None else replace(model, threshold=threshold)
