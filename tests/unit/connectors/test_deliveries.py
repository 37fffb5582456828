"""When a drop is complete, and which of its files count."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import find_object
from connectors.deliveries import Delivery, Drop, collect
from connectors.errors import IncompleteDropError, PlaceError
from connectors.manifests import parse_manifest
from connectors.places import LocalFolder
from connectors.places.base import matcher

NIGHT = dt.date(2026, 3, 1)
CUSTOMERS = find_object("shopify", "customers_export")


@pytest.fixture
def night(tmp_path: Path) -> Path:
    folder = tmp_path / "shopify" / "customers_export" / "dt=2026-03-01"
    folder.mkdir(parents=True)
    (folder / "part-1.csv").write_bytes(b"id\n1\n")
    (folder / "part-2.csv").write_bytes(b"id\n2\n3\n")
    return folder


def drop(night: Path, **delivery: Any) -> Drop:
    root = next(parent for parent in night.parents if (parent / "shopify").is_dir())
    return collect(LocalFolder(root), "shopify", CUSTOMERS, Delivery(**delivery), NIGHT)


def names(found: Drop) -> list[str]:
    return [file.name for file, _ in found.files]


def entry(part: Path, **changes: Any) -> dict[str, Any]:
    content = part.read_bytes()
    return {"path": part.name, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} | changes


def test_markers_hidden_files_and_files_being_written_are_no_data(night: Path) -> None:
    for name in ("_SUCCESS.csv", ".part-3.csv", "part-3.csv.tmp", "part-4.csv.filepart", "part-1.csv.sha256"):
        (night / name).write_bytes(b"x")
    assert names(drop(night)) == ["part-1.csv", "part-2.csv"]


def test_a_drop_without_its_marker_is_not_complete(night: Path) -> None:
    with pytest.raises(IncompleteDropError, match=r"dt=2026-03-01 has 2 files, but no _SUCCESS yet"):
        drop(night, marker="_SUCCESS")
    (night / "_SUCCESS").touch()
    assert names(drop(night, marker="_SUCCESS")) == ["part-1.csv", "part-2.csv"]
    for part in night.glob("part-*"):
        part.unlink()
    assert drop(night, marker="_SUCCESS").files == (), "a marker alone is no export"
    (night / "_SUCCESS").unlink()
    assert drop(night, marker="_SUCCESS").files == (), "nothing has come: missing, not incomplete"


def test_a_marker_may_lie_elsewhere(night: Path) -> None:
    done = night.parents[1] / "done"
    done.mkdir()
    with pytest.raises(IncompleteDropError):
        drop(night, marker="done/{date}.ok")
    (done / "2026-03-01.ok").touch()
    assert len(drop(night, marker="done/{date}.ok").files) == 2


def test_a_manifest_decides_what_is_read(night: Path) -> None:
    with pytest.raises(IncompleteDropError, match=r"no .*manifest\.json yet"):
        drop(night, manifest="manifest.json")
    one, two = night / "part-1.csv", night / "part-2.csv"
    (night / "manifest.json").write_text(json.dumps({"files": [entry(one, row_count=1)]}))
    found = drop(night, manifest="manifest.json")
    assert names(found) == ["part-1.csv"]
    assert found.left_out == ("customers_export/dt=2026-03-01/part-2.csv",)
    assert found.rows == {"customers_export/dt=2026-03-01/part-1.csv": 1}
    assert found.files[0][0].sha256 == hashlib.sha256(b"id\n1\n").hexdigest()
    (night / "manifest.json").write_text(json.dumps({"files": [entry(one), entry(two, path="part-3.csv")]}))
    with pytest.raises(IncompleteDropError, match=r"1 of 2 files .* are not there yet \(part-3\.csv\)"):
        drop(night, manifest="manifest.json")
    (night / "manifest.json").write_text(json.dumps({"files": [entry(one, size_bytes=99)]}))
    with pytest.raises(IncompleteDropError, match="has 5 bytes, the manifest says 99"):
        drop(night, manifest="manifest.json")
    (night / "manifest.json").write_text('{"files": [{"path": "par')
    with pytest.raises(IncompleteDropError, match="still being written, or cut off"):
        drop(night, manifest="manifest.json")


def test_a_manifest_for_all_objects_with_addresses_of_a_bucket(night: Path) -> None:
    base = "s3://acme/nightly/shopify/"
    listed = [f"{base}customers_export/dt=2026-03-01/part-1.csv", f"{base}orders_export/dt=2026-03-01/all.csv"]
    with pytest.raises(IncompleteDropError, match=r"2 files have come, but no manifests/2026-03-01\.json yet"):
        drop(night, manifest="manifests/{date}.json")
    (night.parents[1] / "manifests").mkdir()
    (night.parents[1] / "manifests" / "2026-03-01.json").write_text(
        json.dumps({"entries": [{"url": url, "meta": {"content_length": 5, "record_count": 1}} for url in listed]})
    )
    found = drop(night, manifest="manifests/{date}.json")
    assert names(found) == ["part-1.csv"], "files of other objects are not ours, those it does not list do not count"
    assert list(found.rows.values()) == [1]


def test_of_several_reports_of_one_day_the_newest_counts(night: Path) -> None:
    for part in night.glob("part-*"):
        part.unlink()
    for name in ("basic_20260303T101500Z.csv", "basic_20260305T070000Z.csv", "basic_20260304T235959Z.csv", "x.csv"):
        (night / name).write_bytes(b"id\n1\n")
    found = drop(night, newest_by=r"_(?P<created>\d{8}T\d{6}Z)")
    assert names(found) == ["basic_20260305T070000Z.csv", "x.csv"]
    assert len(found.left_out) == 2
    times = {"a.csv": "2026-03-03T10:15:00Z", "b.csv": "2026-03-05T07:00:00Z", "c.csv": "2026-03-01T00:00:00Z"}
    spans = {"a.csv": "2026-02-28", "b.csv": "2026-02-28", "c.csv": "2026-02-27"}
    for name in times:
        (night / name).write_bytes(b"id\n1\n")
    listed = [{"name": name, "createTime": times[name], "startTime": spans[name], "endTime": "x"} for name in times]
    (night / "reports.json").write_text(json.dumps(listed))
    assert names(drop(night, manifest="reports.json")) == ["b.csv", "c.csv"]


def test_a_manifest_as_sha256sum_writes_it() -> None:
    found = parse_manifest(b"%s *./a b.csv\n%s  c.csv\n" % (b"A" * 64, b"0" * 64), "SHA256SUMS")
    assert [(e.path, e.sha256) for e in found] == [("a b.csv", "a" * 64), ("c.csv", "0" * 64)]
    with pytest.raises(PlaceError, match="neither JSON nor"):
        parse_manifest(b"not a checksum", "SHA256SUMS")
    with pytest.raises(PlaceError, match="no list of files"):
        parse_manifest(b'{"rows": 3}', "manifest.json")


def test_a_known_drop_is_recognised_without_reading_it(night: Path) -> None:
    found = drop(night)
    judged = {file.path: (file.version, file.size_bytes) for file, _ in found.files}
    assert found.is_known(judged)
    assert not found.is_known(None)
    assert not found.is_known(dict(list(judged.items())[:1])), "one more file has come"
    first = found.files[0][0]
    assert not found.is_known(judged | {first.path: ("another", first.size_bytes)})
    assert found.is_known(judged | {first.path: (None, first.size_bytes)}), (
        "an older entry has no version: the size does"
    )


@given(st.text("ab/.*?", min_size=1, max_size=12), st.text("ab/.", max_size=12))
def test_patterns_match_as_the_local_folder_does(pattern: str, path: str) -> None:
    """Against pathlib's own matching, segment by segment (which knows no `**` here)."""
    if "**" in pattern or "//" in pattern or pattern.strip("/") != pattern or not path or path.strip("/") != path:
        return
    from fnmatch import fnmatchcase

    parts, wanted = path.split("/"), pattern.split("/")
    expected = len(parts) == len(wanted) and all(fnmatchcase(p, w) for p, w in zip(parts, wanted, strict=True))
    assert bool(matcher(pattern).fullmatch(path)) == expected
