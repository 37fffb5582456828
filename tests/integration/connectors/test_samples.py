"""Every real sample file loads, every row accounted for: landed, or rejected for the reason that the mapping names.

Which file feeds which object is data: sample_files/<platform>.yml. All files of a platform are landed in one pull, when
the first test asks for that platform.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import importlib.util
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import connectors
import warehouse

_spec = importlib.util.spec_from_file_location("sample_mapping", Path(__file__).with_name("sample_mapping.py"))
mapping = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mapping)

NIGHT = dt.date(2025, 5, 12)
MAPPINGS = mapping.mappings()
OBJECTS = [
    f"{platform}.{name}"
    for platform, found in MAPPINGS.items()
    for name in dict.fromkeys(entry.object for entry in found.entries)
]


class Landings:
    """Lands a platform's samples on first request.

    batches   platform.object → LandedBatch
    expected  platform.object → delivered file → rows
    """

    def __init__(self, samples: Path, root: Path) -> None:
        self.samples, self.root = samples, root
        self.batches: dict[str, connectors.LandedBatch] = {}
        self.expected: dict[str, dict[str, int]] = defaultdict(dict)
        self._done: set[str] = set()

    def of(self, platform: str) -> Landings:
        if platform not in self._done:
            self._done.add(platform)
            contract = connectors.load_contract(platform)
            for entry in MAPPINGS[platform].entries:
                assert entry.object in contract.objects, f"{platform}.yml has no object {entry.object}"
                self._deliver(entry)
            landed = connectors.land(platform, NIGHT, str(self.root))
            self.batches |= {f"{platform}.{batch.object}": batch for batch in landed}
        return self

    def _deliver(self, entry: mapping.Entry) -> None:
        found = entry.paths(self.samples)
        assert found, f"{entry.platform}.yml: {entry.object}: no sample file is named {entry.files}"
        for path in found:
            target = entry.target(path, NIGHT)
            file = target.relative_to(entry.platform).as_posix()
            assert file not in self.expected[entry.name], f"{entry.name}: two samples would be delivered as {file}"
            self.expected[entry.name][file] = entry.rows(path)
            (self.root / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.root / target)


@pytest.fixture(scope="module")
def landings(module_database, samples, tmp_path_factory):
    return Landings(samples, tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize("name", OBJECTS)
def test_every_row_of_every_file_lands(landings, name):
    platform, object_name = name.split(".")
    batch = landings.of(platform).batches[name]
    with warehouse.connect() as connection:
        files = dict(
            connection.execute(
                "select file_name, rows_read from ops.batch_files where batch_id = %s", (batch.batch_id,)
            ).fetchall()
        )
        refused = connection.execute(
            "select file_name, reason, count(*) from ops.rejected_rows where batch_id = %s group by 1, 2",
            (batch.batch_id,),
        ).fetchall()
        landed_rows = connection.execute(
            f"select count(*) from landing.{platform}__{object_name} where _batch_id = %s",
            (batch.batch_id,),
        ).fetchone()[0]
    assert batch.status == "landed", batch.reason
    assert files == landings.expected[name]
    wanted = MAPPINGS[platform].rejected.get(object_name, {})
    told = Counter()
    for file, reason, rows in refused:
        known = wanted.get(file.rsplit("/", 1)[-1])
        assert known and known[1] in reason, f"{file}: {rows} rows rejected, which the mapping does not say: {reason}"
        told[file.rsplit("/", 1)[-1]] += rows
    assert told == {file: rows for file, (rows, _) in wanted.items()}
    assert batch.rows_landed == landed_rows == sum(files.values()) - sum(told.values())


@pytest.mark.parametrize("name", OBJECTS)
def test_the_landed_rows_are_promoted_and_accounted(landings, name):
    batch = landings.of(name.split(".")[0]).batches[name]
    result = warehouse.promote(batch.batch_id, connectors.table_spec(batch.platform, batch.object), unaudited=True)
    assert result.rows_read == result.rows_inserted + result.rows_duplicate + result.rows_rejected
    assert result.rows_inserted > 0


def test_every_sample_file_is_named_by_a_mapping(samples):
    """The message lists precisely which files nobody has described yet, and which patterns fit no file."""
    named, empty = set(), []
    for found in MAPPINGS.values():
        for pattern in [*(entry.files for entry in found.entries), *found.other]:
            paths = {path for path in samples.glob(pattern) if path.is_file()}
            named |= paths
            empty += [] if paths else [f"{found.platform}.yml: {pattern}"]
    missing = sorted(path.relative_to(samples).as_posix() for path in samples.rglob("*") if path.is_file())
    missing = [path for path in missing if samples / path not in named]
    if empty:
        pytest.fail("patterns that fit no sample file:\n" + "\n".join(empty), pytrace=False)
    if missing:
        words = f"{len(missing)} sample files are in no mapping (sample_files/*.yml):\n"
        pytest.fail(words + "\n".join(missing), pytrace=False)


def test_replies_know_their_comment(landings):
    batch = landings.of("instagram").batches["instagram.comment"]
    with warehouse.connect() as connection:
        table = "landing" if warehouse.read_batch(batch.batch_id).status == "landed" else "raw"
        rows = connection.execute(
            f"select parent_id, media_id from {table}.instagram__comment where id = '17845747489952795'"
        ).fetchall()
    assert rows == [("17892250648466172", "17846368219941692")]


def test_days_of_a_real_till(database, samples):
    """Night after night: a customer without id stays one, an id that passed through a spreadsheet has no `.0`."""
    exports = Path(warehouse.settings().home) / "till"
    rows = without_customer = quantity = 0
    for path in sorted((samples / "online_retail").glob("*.csv.gz"))[:4]:
        day = path.name.removesuffix(".csv.gz")
        folder = exports / "point_of_sale" / "invoice_line" / f"dt={day}"
        folder.mkdir(parents=True)
        shutil.copyfile(path, folder / path.name)
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        (batch,) = connectors.land("point_of_sale", day, str(exports))
        assert (batch.status, batch.rows_landed, batch.rows_rejected) == ("landed", len(lines), 0)
        warehouse.promote(batch.batch_id, connectors.table_spec("point_of_sale", "invoice_line"), unaudited=True)
        rows += len(lines)
        without_customer += sum(not line["CustomerID"] for line in lines)
        quantity += sum(int(line["Quantity"]) for line in lines)
    with warehouse.connect() as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where customer_id is null), sum(quantity),"
            " count(*) filter (where customer_id like '%.%') from raw.point_of_sale__invoice_line"
        ).fetchone()
    assert found == (rows, without_customer, quantity, 0)
