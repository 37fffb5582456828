"""Documents with lists longer than a block: the same rows as from a short one, in bounded memory. No database."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow as pa
import pytest

from connectors.contracts import find_object
from connectors.errors import FileRejectedError
from connectors.parsing.limits import Limits
from connectors.parsing.source import open_sources

SMALL = Limits(block=16384, record=16384, document=1 << 22)


def parse(folder, name, text, limits=None):
    """Rows without what a file's name says, and rejects."""
    export = find_object(*name.split("."))
    path = folder / "file.json"
    path.write_text(text, encoding="utf-8")
    rejected: list[pa.Table] = []
    (source,) = open_sources(name.split(".")[0], export, export.files[0], path, "file.json", rejected.append, limits)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert source.rows_read == len(rows) + source.rejects.count
    return rows, [row for table in rejected for row in table.to_pylist()]


def submission(number, text="Zoë"):
    values = [{"name": "firstname", "value": text}, {"name": "email", "value": f"p{number}@example.org"}]
    return {"conversionId": f"c{number}", "submittedAt": 1_700_000_000_000, "values": values, "new": number}


def form(name, count):
    return {"formId": name, "page": {"results": [submission(f"{name}{n}") for n in range(count)]}}


def comment(number, replies=0):
    found = {"id": f"{number}", "text": "hi", "timestamp": "2020-02-24T09:15:16+0000", "media": {"id": "m"}}
    listed = [
        {"id": f"{number}r{n}", "text": "x" * 40, "timestamp": "2020-02-24T10:00:00+0000"} for n in range(replies)
    ]
    return found | ({"replies": {"data": listed}} if replies else {})


FORMS = "\n".join(json.dumps(form(name, count), ensure_ascii=False) for name, count in (("a", 2), ("b", 300), ("c", 3)))
PAGE = {"data": [comment(1), comment(2, 200), *map(comment, range(3, 200)), comment(200, 90)], "paging": {"next": "x"}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hubspot.form_submission", FORMS),
        ("hubspot.form_submission", json.dumps({"results": form("b", 300)["page"]["results"]})),
        ("instagram.comment", json.dumps(PAGE)),
        ("instagram.comment", json.dumps(PAGE, indent=2)),
        ("instagram.comment", json.dumps(PAGE["data"]) + "\n"),
        ("instagram.comment", json.dumps({entry["id"]: entry for entry in PAGE["data"]})),
        ("instagram.comment", json.dumps(comment(7, 300)) + "\n" + json.dumps(comment(8))),
    ],
)
def test_pieces_give_the_same_rows_and_numbers_as_the_whole(tmp_path, name, text):
    rows, rejected = parse(tmp_path, name, text)
    again, rejected_again = parse(tmp_path, name, text, SMALL)
    assert len(rows) >= 300 and rejected == rejected_again == []
    assert again == rows
    numbers = [row["_source_line"] for row in rows]
    assert numbers == sorted(set(numbers))


def test_a_faulty_row_of_a_long_line_is_rejected_alone(tmp_path):
    document = form("a", 300)
    results = document["page"]["results"]
    results[7]["values"][0]["value"] = "x\x00y"
    results[100]["values"][0]["value"] = "y" * 20000
    results[200]["submittedAt"] = "yesterday"
    rows, rejected = parse(tmp_path, "hubspot.form_submission", json.dumps(document) + "\n" + FORMS, SMALL)
    assert len(rows) == 297 + 305 and {row["form_id"] for row in rows} == {"a", "b", "c"}
    reasons = [(row["line_number"] == 1, row["reason"][:47]) for row in rejected]
    assert sorted(reasons) == [
        (False, "submitted_at is not a time"),
        (True, "a record of the line has a zero character (\\u00"),
        (True, "a record of the line is longer than 16,384 byte"),
    ]


def test_a_long_line_that_is_damaged_or_too_long_gives_no_row(tmp_path):
    damaged = json.dumps(form("a", 300))[:-1] + "]"
    longer, last = json.dumps(form("b", 3000)), json.dumps(form("d", 2))
    limits = Limits(block=16384, record=16384, document=100_000)
    rows, rejected = parse(tmp_path, "hubspot.form_submission", f"{FORMS}\n{damaged}\n{longer}\n{last}", limits)
    assert len(rows) == 307
    assert [row["line_number"] for row in rejected] == [4, 5]
    assert rejected[0]["reason"] == "the line is not valid JSON"
    assert rejected[1]["reason"] == f"the line is longer than 100,000 bytes: it has {len(longer) + 1:,}"
    assert "JOURNEYLINE_MAX_DOCUMENT_BYTES" in rejected[1]["what_to_do"]
    with pytest.raises(FileRejectedError, match="cut off or damaged"):
        parse(tmp_path, "hubspot.form_submission", json.dumps(form("a", 300))[:-9], limits)


MEASURE = """
import re, sys, pathlib
from connectors.contracts import find_object
from connectors.parsing.source import open_sources
export, path = find_object("hubspot", "form_submission"), pathlib.Path(sys.argv[1])
(source,) = open_sources("hubspot", export, export.files[0], path, path.name, print)
rows = sum(batch.num_rows for batch in source.batches())
# not ru_maxrss: a new process inherits that from the one that started it
peak = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())
print(rows, source.rejects.count, int(peak[1]) // 1024)
"""


def test_a_form_with_100_000_submissions_on_one_line_needs_little_memory(tmp_path):
    path = tmp_path / "forms.json"
    row = json.dumps({**submission(0), "pageUrl": "https://journeyline.example/" + "p" * 120}).replace("c0", "c%d")
    with path.open("w") as file:
        file.write('{"formId":"a","page":{"results":[')
        file.write(",".join(row % number for number in range(100_000)) + "]}}\n")
    assert path.stat().st_size > 30_000_000
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    rows, rejected, megabytes = map(int, done.stdout.split())
    assert (rows, rejected) == (100_000, 0)
    assert megabytes < 600
