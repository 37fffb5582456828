"""Files as people bring them: what is read is what stands there, and what cannot be read is named by its line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from resolution.errors import InputError
from resolution.tables import ReadOptions, read_table, read_tables

READ: dict[str, tuple[bytes, list[str], list[tuple[object, ...]]]] = {
    "comma.csv": (b"a,b\n007,x\n", ["a", "b"], [("007", "x")]),
    "semicolon.csv": (b"name;note\nAnna;a,b,c\nBert;d,e,f\n", ["name", "note"], [("Anna", "a,b,c"), ("Bert", "d,e,f")]),
    "tab.tsv": (b"a\tb\n1,5\t2\n", ["a", "b"], [("1,5", "2")]),
    "one.csv": (b"name\nAnna\n", ["name"], [("Anna",)]),
    "marked.csv": ("\ufeffname|x\nJürgen|1\n".encode(), ["name", "x"], [("Jürgen", "1")]),
    "windows.csv": ("name;town\nJürgen;Köln\n".encode("cp1252"), ["name", "town"], [("Jürgen", "Köln")]),
    "utf16.csv": ("name\ttown\nJürgen\tKöln\n".encode("utf-16"), ["name", "town"], [("Jürgen", "Köln")]),
    "old_mac.csv": (b"a,b\r1,2\r3,4\r", ["a", "b"], [("1", "2"), ("3", "4")]),
    "short_lines.csv": (b"a,b,c\n1,2\n3,4,5\n", ["a", "b", "c"], [("1", "2", None), ("3", "4", "5")]),
    "blank_lines.csv": (b"a,b\n\n1,2\n\n", ["a", "b"], [("1", "2")]),
    "trailing.csv": (b"a,b\n1,2,\n3,4,\n", ["a", "b"], [("1", "2"), ("3", "4")]),
    "inch.csv": (b'a,b\n1,5" pipe\n3,"x, ""y"""\n', ["a", "b"], [("1", '5" pipe'), ("3", 'x, "y"')]),
    "nameless.csv": (b" a ,,\n1,2,3\n", ["a", "column_2", "column_3"], [("1", "2", "3")]),
    "mixed.jsonl": (b'{"a":1,"b":"x"}\n\n{"a":"y"}\n', ["a", "b"], [("1", "x"), ("y", None)]),
    "nested.jsonl": (b'{"a":1,"b":{"c":1}}\n', ["a"], [(1,)]),
    "array.json": (b'[{"a":1},{"a":2,"b":true}]', ["a", "b"], [("1", None), ("2", "true")]),
}
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "the file is empty"),
    "header.csv": (b"a,b\n", "column names (a, b), but no record"),
    "long_line.csv": (b"a,b\n1,2\n3,4,5\n", "line 3: 3 fields, but the header names 2 columns"),
    "open_quote.csv": (b'a,b\n1,"abc\n3,4\n', "line 2: unexpected end of data"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "line 1: the column name 'a' stands in columns 1 and 3"),
    "workbook.csv": (b"PK\x03\x04rest", "this is an Excel workbook"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
    "broken.jsonl": (b'{"a":1}\n{"a":\n', "line 2: not valid JSON"),
    "list.jsonl": (b"[1]\n", "element 1 of the array is no object"),
    "broken.parquet": (b"abc", "not a readable Parquet file"),
    "broken.xlsx": (b"abc", "not a readable workbook"),
}


@pytest.mark.parametrize("name", READ)
def test_what_stands_there_is_read(name: str, tmp_path: Path) -> None:
    content, columns, rows = READ[name]
    (tmp_path / name).write_bytes(content)
    frame = read_table(tmp_path / name)
    assert (frame.columns, frame.rows()) == (columns, rows)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_table(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))
    assert message in str(error.value)


def test_encoding_and_separator_can_be_given(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("имя#город\nАнна#Тула\n".encode("cp1251"))
    assert read_table(file, ReadOptions("cp1251", "#")).rows() == [("Анна", "Тула")]
    with pytest.raises(InputError, match="no encoding is called 'latein'"):
        read_table(file, ReadOptions("latein"))
    with pytest.raises(InputError, match="line 1: not utf-8 text"):
        read_table(file, ReadOptions("utf-8"))


def test_several_files_are_sources(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("id,zip\n1,01234\n")
    (tmp_path / "crm.jsonl").write_text('{"id": 2, "zip": 1234, "vip": true}\n')
    frame = read_tables([tmp_path / "shop.csv", tmp_path / "crm.jsonl"])
    assert frame.rows(named=True) == [
        {"id": "1", "zip": "01234", "file": "shop", "vip": None},
        {"id": "2", "zip": "1234", "file": "crm", "vip": True},
    ]
    with pytest.raises(InputError, match="named twice"):
        read_tables([tmp_path / "shop.csv", tmp_path / "shop.csv"])


def test_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    cell = '<c r="{}{}" t="inlineStr"><is><t>{}</t></is></c>'
    lines = [
        f'<row r="{n}">{cell.format("A", n, one)}{cell.format("B", n, two)}</row>'
        for n, one, two in ((1, "name", "zip"), (2, "Zoë", "0815"))
    ]
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{namespace}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    main = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r" Type="{main}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        f'xmlns:r="{main}"><sheets><sheet name="People" sheetId="1" r:id="s"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="s" Type="{main}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    file = tmp_path / "people.xlsx"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    assert read_table(file).rows(named=True) == [{"name": "Zoë", "zip": "0815"}]
    with pytest.raises(InputError, match="no sheet 'Leads'; there are People"):
        read_table(file, ReadOptions(sheet="Leads"))
