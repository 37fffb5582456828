"""Paths of a contract (`via.source.from.id`, `params[key=id].value`, `^.id`) as SQL, and what they leave over."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.contracts import EXPORT_DATE, ExportObject
from connectors.forms import FileForm
from connectors.parsing.cells import literal
from connectors.paths import Selection, Step, pointer, steps


@dataclass(slots=True)
class Paths:
    """What an object reads from its records.

    texts, values, parents   pointers read as text, as JSON, and from the enclosing record as text
    picks                    (pointer of a list, key) of which elements are selected: `params[key=id]`
    known                    keys of a record that are read whole, or belong to others
    inside                   key → keys inside it that are read, for keys that are not read whole
    """

    texts: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    picks: list[tuple[str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    inside: dict[str, set[str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def _note(self, keys: list[Step]) -> None:
        """Remember what of a record is read."""
        first = str(keys[0])
        if len(keys) == 1:
            self.known.add(first)
            return
        inside = self.inside.setdefault(first, set())
        if all(isinstance(key, str) for key in keys):  # of a list with selections the rest is not read
            inside.add(str(keys[1]))

    def _expression(self, keys: list[Step], whole: bool, above: bool) -> str:
        """The value at a path: as text, or (whole) as JSON; above: of the enclosing record."""
        at = next((n for n, key in enumerate(keys) if isinstance(key, Selection)), len(keys))
        if at == len(keys):
            if above:
                return _element("ups", self.parents, pointer(keys))
            if whole:
                return f"nullif({_element('docs', self.values, pointer(keys))}::varchar, 'null')"
            return _element("texts", self.texts, pointer(keys))
        selection = keys[at]
        assert isinstance(selection, Selection)
        if above:
            element = _selected("parent", keys[:at], selection)
        else:
            pick = (pointer(keys[:at]), selection.key)
            if pick not in self.picks:
                self.picks.append(pick)
            n = self.picks.index(pick)
            element = f"picks{n}[list_position(keys{n}, {literal(selection.value)})]"
        rest = keys[at + 1 :]
        while any(isinstance(key, Selection) for key in rest):
            at = next(n for n, key in enumerate(rest) if isinstance(key, Selection))
            element, rest = _selected(element, rest[:at], rest[at]), rest[at + 1 :]  # type: ignore[arg-type]
        if not rest:
            return f"nullif({element}::varchar, 'null')"
        if whole:
            return f"nullif(json_extract({element}, {literal(pointer(rest))})::varchar, 'null')"
        return f"json_extract_string({element}, {literal(pointer(rest))})"

    def relation(self, block: str) -> str:
        """Statement: doc, parent, _line and _row of `block`, and the arrays that the expressions of `sources` read."""
        lists = ["doc", "parent", "_line", "_row"]
        if self.texts:
            lists.append(f"json_extract_string(doc, [{_listed(self.texts)}]) as texts")
        if self.values:
            lists.append(f"json_extract(doc, [{_listed(self.values)}]) as docs")
        if self.parents:
            lists.append(f"json_extract_string(parent, [{_listed(self.parents)}]) as ups")
        lists += [f"{_elements('doc', at)} as picks{n}" for n, (at, _) in enumerate(self.picks)]
        statement = f"select {', '.join(lists)} from {block}"  # noqa: S608 - literals of the contract
        if not self.picks:
            return statement
        keys = [
            f"list_transform(picks{n}, lambda x: json_extract_string(x, {literal(pointer([key]))})) as keys{n}"
            for n, (_, key) in enumerate(self.picks)
        ]
        return f"select *, {', '.join(keys)} from ({statement})"  # noqa: S608 - literals of the contract


def read_paths(export: ExportObject, form: FileForm, export_date: str) -> Paths:
    """All paths of an object's columns; sources: column → SQL expressions over what Paths.relation gives.

    export_date: SQL literal that stands for the source $export_date
    """
    paths = Paths(known=set(form.children))
    if form.nested_rows:
        paths.known.add(str(steps(form.nested_rows)[0]))
    for column in export.columns.values():
        expressions = []
        for source in column.sources:
            if source == EXPORT_DATE:
                expressions.append(export_date)
                continue
            keys = steps(source)
            above = source.startswith("^.")
            if not above:
                paths._note(keys)
            expressions.append(paths._expression(keys, column.type == "jsonb", above))
        paths.sources[column.name] = expressions
    for key in paths.known & set(paths.inside):
        del paths.inside[key]
    return paths


def _element(array: str, pointers: list[str], new: str) -> str:
    if new not in pointers:
        pointers.append(new)
    return f"{array}[{pointers.index(new) + 1}]"


def _listed(pointers: list[str]) -> str:
    return ", ".join(map(literal, pointers))


def _elements(expression: str, at: str) -> str:
    """The elements of the list at a pointer; NULL when there is none."""
    return f"from_json(json_extract({expression}, {literal(at)}), '[\"JSON\"]')"


def _selected(expression: str, keys: list[Step], selection: Selection) -> str:
    """The selected element of a list inside another value."""
    matches = f"json_extract_string(x, {literal(pointer([selection.key]))}) = {literal(selection.value)}"
    return f"list_filter({_elements(expression, pointer(keys))}, lambda x: {matches})[1]"
