"""Paths of a contract (`via.source.from.id`, `to.data[0].id`, `^.id`) as JSON pointers, and what they leave over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.contracts import EXPORT_DATE, ExportObject, FileForm

_STEP = re.compile(r"([^\[\]]+)((?:\[\d+\])*)")


def steps(path: str) -> list[str]:
    """`to.data[0].id` → ['to', 'data', '0', 'id']."""
    found: list[str] = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        assert match is not None  # the contract's own check
        found += [match[1], *re.findall(r"\d+", match[2])]
    return found


def pointer(keys: list[str] | str) -> str:
    """JSON pointer (RFC 6901) of steps or of a dotted path."""
    keys = steps(keys) if isinstance(keys, str) else keys
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


@dataclass(slots=True)
class Paths:
    """What an object reads from its records.

    texts, values, parents   pointers read as text, as JSON, and from the enclosing record as text
    known                    keys of a record that are read whole, or belong to others
    inside                   key → keys inside it that are read, for keys that are not read whole
    """

    texts: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    inside: dict[str, set[str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)


def read_paths(export: ExportObject, form: FileForm, export_date: str) -> Paths:
    """All paths of an object's columns; sources: column → SQL expressions over texts, docs, ups.

    export_date: SQL literal that stands for the source $export_date
    """
    paths = Paths(known=set(form.children))
    if form.nested_rows:
        paths.known.add(steps(form.nested_rows)[0])
    for column in export.columns.values():
        expressions = []
        for source in column.sources:
            if source == EXPORT_DATE:
                expressions.append(export_date)
                continue
            if source.startswith("^."):
                expressions.append(_element("ups", paths.parents, pointer(source[2:])))
                continue
            keys = steps(source)
            if len(keys) == 1:
                paths.known.add(keys[0])
            else:
                paths.inside.setdefault(keys[0], set()).add(keys[1])
            if column.type == "jsonb":
                expressions.append(f"nullif({_element('docs', paths.values, pointer(keys))}::varchar, 'null')")
            else:
                expressions.append(_element("texts", paths.texts, pointer(keys)))
        paths.sources[column.name] = expressions
    for key in paths.known & set(paths.inside):
        del paths.inside[key]
    return paths


def _element(array: str, pointers: list[str], new: str) -> str:
    if new not in pointers:
        pointers.append(new)
    return f"{array}[{pointers.index(new) + 1}]"
