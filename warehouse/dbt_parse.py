"""The parsed dbt project: read once per change of its files, then loaded from disk by every layer and process.

dbt's own partial parsing still reads every file, writes a large manifest.json and starts from nothing when an
environment variable of the profile differs: 3 s of processor time per call where nothing changed. Loading the manifest
that it left takes a third of a second. It stays true as long as the files, dbt's version and the database are the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from warehouse.errors import DbtLayerError
from warehouse.settings import settings

_SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".md"}
_FILES = ("partial_parse.msgpack", "manifest.json", "parsed.key")
_LEFT_OUT = {"target", "logs", "dbt_packages"}


def parse_folder() -> Path:
    """Where the parsed project lies: manifest.json (which publish reads), partial_parse.msgpack, parsed.key."""
    return settings().home / "dbt" / "project"


def project_key(project: Path) -> str:
    """Hash over everything that parsing depends on: files, dbt's version, and the database its names point to."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-postgres')} {project}".encode())
    digest.update(os.environ.get("JL_DBT_DATABASE", "").encode())
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in _SUFFIXES:
                digest.update(f"\0{path.relative_to(project)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def parsed_project(
    project: Path, parse: Callable[[Path], Any], *, tag: str | None = None, folder: Path | None = None
) -> Any:
    """The project's manifest. `parse` runs `dbt parse` into the folder it is given, when the stored one is out of date.

    A new object at each call: a build writes compiled SQL and other results of one night into its manifest.
    tag: leave out tests of models without this tag, and unit tests: dbt would weave them into its graph only to leave
    them out again, at more cost than a quiet night's models.
    folder: where the parsed project is kept, the shared one by default. One of one's own begins with what the shared
    one holds, so that only files that differ are parsed.
    Raises DbtLayerError when the project cannot be read.
    """
    key = project_key(project)
    if folder is None:
        folder = parse_folder()
    else:
        _adopt(folder)
    stored = _load(folder, key, tag)
    if stored is not None:
        return stored
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parsed.key").unlink(missing_ok=True)  # first: a parse that is interrupted leaves no valid key behind
    result = parse(folder)
    if not result.success:
        raise DbtLayerError(str(result.exception))
    (folder / "parsed.key").write_text(key)
    return _load(folder, key, tag) or result.result


def _adopt(folder: Path) -> None:
    """Copy the shared parsed project into a folder that has none yet."""
    shared = parse_folder()
    if (folder / _FILES[0]).exists() or not (shared / "parsed.key").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in reversed(_FILES):
        shutil.copyfile(shared / name, folder / name)


def _load(folder: Path, key: str, tag: str | None) -> Any | None:
    """The stored manifest, if it is of this key; None otherwise."""
    try:
        if (folder / "parsed.key").read_text() != key or not (folder / "manifest.json").exists():
            return None
        content = (folder / "partial_parse.msgpack").read_bytes()
    except OSError:
        return None
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(content, decoder=extended_mashumuro_decoder)
    if tag is not None:
        _leave_out_tests(manifest, tag)
    # What dbt's own loader does with a manifest that needs no parsing.
    manifest.build_parent_and_child_maps()
    manifest.build_flat_graph()
    return manifest


def _leave_out_tests(manifest: Any, tag: str) -> None:
    """Keep the tests that look at a model of the tag, and no unit tests."""
    manifest.unit_tests.clear()
    ours = {key for key, node in manifest.nodes.items() if node.resource_type != "test" and tag in node.tags}
    for key, node in list(manifest.nodes.items()):
        if node.resource_type == "test" and not ours.intersection(node.depends_on.nodes):
            del manifest.nodes[key]
