"""What `python -m resolution link` does, as a function: settings put together, files linked, outputs written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import InputError
from resolution.tables import ReadOptions, check_output, read_tables, write_table

if TYPE_CHECKING:
    from resolution.files import FileLinkage


@dataclass(frozen=True)
class LinkOptions:
    """The options of `link`; see `python -m resolution link --help`."""

    files: tuple[Path, ...]
    output: Path
    config: Path | None = None
    previous: Path | None = None
    decisions: tuple[Path, ...] = ()
    labels: tuple[Path, ...] = ()
    truth_column: str | None = None
    model: Path | None = None
    save_model: Path | None = None
    edges: Path | None = None
    threshold: float | None = None
    retrain: bool = False
    bare: bool = False
    jobs: int | None = None
    read: ReadOptions = field(default_factory=ReadOptions)


def run_link(asked: LinkOptions) -> tuple[FileLinkage, str | None]:
    """(linkage, text of the suggested configuration or None). Writes the output, and all that was asked for beside it.

    A model comes from --model, else from --previous (unless --retrain), else it is learned. Settings come from
    --config, else with the model, else they are suggested. Raises ResolutionError before anything is written.
    """
    with _cores(asked.jobs):
        return _run(asked)


def _run(asked: LinkOptions) -> tuple[FileLinkage, str | None]:
    from resolution import files as f
    from resolution.config import load_config
    from resolution.linkage import check_model, folder_of, load_model, save_linkage, save_model

    check_output(asked.output)
    if asked.edges is not None:
        check_output(asked.edges)
    if asked.config is not None and not asked.config.is_file():
        load_config(asked.config)  # says what to do
    suggested = None
    model, settings, where = None, None, asked.model
    if where is None and asked.previous is not None:
        behind = folder_of(asked.previous) / "model.json"
        where = behind if behind.is_file() else None
    if where is not None:
        model, settings = load_model(where)
        if asked.retrain:
            model = None
    frame = read_tables(asked.files, asked.read)
    if asked.config is not None:
        config = load_config(asked.config)
        if model is not None and settings is not None:
            check_model(settings, config, str(where))
    elif settings is not None:
        config = settings
    else:
        if asked.truth_column is not None and asked.truth_column not in frame.columns:
            raise InputError(f"no truth column {asked.truth_column!r}; there are {', '.join(frame.columns)}")
        config, suggested = f.suggested_config(frame, asked.files, asked.truth_column)
    if asked.threshold is not None:
        config, model = f.with_threshold(config, model, asked.threshold)
    if asked.jobs is not None:
        config = config.model_copy(update={"jobs": asked.jobs})
    done = f.link_files(
        asked.files,
        config,
        options=asked.read,
        frame=frame,
        model=model,
        decisions=asked.decisions,
        labels=asked.labels,
        truth_column=asked.truth_column,
        previous=asked.previous,
    )
    write_table(done.clusters, asked.output)
    if asked.edges is not None:
        write_table(done.linkage.edges, asked.edges)
    if asked.save_model is not None:
        save_model(asked.save_model, done.linkage.model, done.linkage.config)
    if not asked.bare:
        folder = save_linkage(asked.output, done.linkage)
        done.history.save(folder)
        if done.changes is not None:
            write_table(done.changes, folder / "golden_id_changes.csv")
    return done, suggested


@contextmanager
def _cores(jobs: int | None) -> Iterator[None]:
    """At most `jobs` processor cores for everything inside. Libraries count the cores that the process may use."""
    if jobs is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:jobs]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
