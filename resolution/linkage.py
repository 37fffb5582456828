"""What a linkage of files leaves behind: the clusters, and beside them a folder with all that later questions need.

`clusters.csv` gets `clusters.linkage/`: `linkage.json` (files, settings, report), `model.json`, `edges.parquet` (record
ids, weights and levels; no values), `records.parquet` and `customers.parquet` (every golden id ever issued here).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolution.errors import InputError, ModelError
from resolution.tables import ReadOptions, read_table

if TYPE_CHECKING:
    import polars as pl

    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig

VERSION = 1
LEAST_KEPT = 0.01
"""Edges below this match probability are not written: they decide nothing and would be most of the file."""


@dataclass(frozen=True)
class Linkage:
    """A linkage read back. edges: left, right (record ids), match_weight, match_probability, kind, evidence."""

    clusters: pl.DataFrame
    edges: pl.DataFrame
    config: MatchConfig
    model: MatchModel
    files: tuple[Path, ...]
    options: ReadOptions
    decisions: tuple[Path, ...]
    report: dict[str, Any] = field(default_factory=dict)


def folder_of(clusters: str | Path) -> Path:
    """Where the linkage behind a file of clusters lies."""
    return Path(clusters).with_suffix(".linkage")


def save_linkage(output: Path, linkage: Linkage) -> Path:
    """Write all but the clusters; the folder. Paths of files are stored as seen from the folder, where possible."""
    folder = folder_of(output)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder / "model.json", linkage.model, linkage.config)
    linkage.edges.write_parquet(folder / "edges.parquet")
    described = {
        "version": VERSION,
        "files": [_relative(file, folder) for file in linkage.files],
        "read": asdict(linkage.options),
        "decisions": [_relative(file, folder) for file in linkage.decisions],
        "report": linkage.report,
    }
    (folder / "linkage.json").write_text(json.dumps(described, indent=1, ensure_ascii=False), encoding="utf-8")
    return folder


def load_linkage(clusters: str | Path) -> Linkage:
    """The linkage behind a file of clusters. Raises InputError when its folder is missing or incomplete."""
    import polars as pl

    table = read_clusters(clusters)
    folder = folder_of(clusters)
    try:
        described = json.loads((folder / "linkage.json").read_text(encoding="utf-8"))
        edges = pl.read_parquet(folder / "edges.parquet")
        model, config = load_model(folder / "model.json")
    except (OSError, json.JSONDecodeError, pl.exceptions.PolarsError):
        raise InputError(
            f"{folder}: the linkage behind {Path(clusters).name} is missing or incomplete; "
            "`python -m resolution link` writes it beside its output (unless told --bare)"
        ) from None
    if described.get("version") != VERSION:
        raise InputError(f"{folder}: written by another version; link the files again")
    return Linkage(
        table,
        edges,
        config,
        model,
        tuple(_absolute(file, folder) for file in described["files"]),
        ReadOptions(**described["read"]),
        tuple(_absolute(file, folder) for file in described["decisions"]),
        described["report"],
    )


def read_clusters(path: str | Path) -> pl.DataFrame:
    """A file of clusters: record_id and golden_customer_id as text, other columns as they are."""
    import polars as pl

    table = read_table(path)
    for column in ("record_id", "golden_customer_id"):
        if column not in table.columns:
            raise InputError(
                f"{path}: no column {column!r}; there are {', '.join(table.columns)}. "
                "Give the output of `python -m resolution link`"
            )
    return table.with_columns(pl.col("record_id", "golden_customer_id").cast(pl.String))


def save_model(path: Path, model: MatchModel, config: MatchConfig) -> None:
    """A model with the settings that it belongs to. Holds no personal data: values are hashed."""
    settings = config.model_dump(mode="json")
    text = json.dumps({"version": VERSION, "config": settings, "model": model.to_dict()}, default=float)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def load_model(path: str | Path) -> tuple[MatchModel, MatchConfig]:
    """Inverse of `save_model`. Raises InputError for a missing file, ModelError for another content."""
    from resolution.classify.model import MatchModel
    from resolution.config import config_from_dict

    file = Path(path)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        settings = dict(data["config"])
        origin = settings.pop("origin", str(file))
        return MatchModel.from_dict(data["model"]), config_from_dict(settings, origin)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file; `link … --save-model FILE` writes a model") from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise ModelError(f"{file}: not a model that `link … --save-model FILE` wrote") from None


def check_model(model_config: MatchConfig, config: MatchConfig, where: str) -> None:
    """Raise ModelError when a model compares other attributes than the configuration names."""
    learned = {name: a.type for name, a in model_config.attributes.items()}
    wanted = {name: a.type for name, a in config.attributes.items()}
    if learned != wanted:
        differing = sorted(set(learned.items()) ^ set(wanted.items()))
        named = ", ".join(f"{name} ({kind})" for name, kind in differing)
        raise ModelError(
            f"{where}: the model was learned for other attributes than {config.origin} names: {named}. "
            "Leave --config out (the model brings its own), or learn a new model"
        )


def _relative(file: Path, folder: Path) -> str:
    import os

    return os.path.relpath(file.resolve(), folder.resolve())


def _absolute(file: str, folder: Path) -> Path:
    return (folder / file).resolve()
