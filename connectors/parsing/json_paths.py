"""Paths of a contract (`via.source.from.id`, `params[key=id].value`, `^.id`) as SQL, and what they leave over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.contracts import EXPORT_DATE, ExportObject
from connectors.forms import FileForm
from connectors.parsing.cells import literal
from connectors.paths import Selection, Step, pointer, steps

if TYPE_CHECKING:
    import pyarrow as pa

Tree = dict[str, "Tree | None"]
Feed = tuple[str, "tuple[str, ...] | int | str"]


@dataclass(slots=True)
class Paths:
    """What an object reads from its records.

    texts, parents   keys, nested, of values read as text from the record and from the enclosing one: {"a": {"b": None}}
    wholes           pointers of values read as JSON
    others           expressions over doc, parent and the picks, for what neither can say
    picks            (pointer of a list, key) of which elements are selected: `params[key=id]`
    known            keys of a record that are read whole, or belong to others
    inside           key → keys inside it that are read, for keys that are not read whole
    feeds            column → what feeds it, best first: keys under texts or parents, a number among wholes or others,
                     or a constant
    documents        jsonb columns whose values are JSON whatever the file says
    above            keys, nested, of what is read of the enclosing record, up to a position or selection in a list
    """

    texts: Tree = field(default_factory=dict)
    parents: Tree = field(default_factory=dict)
    wholes: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    picks: list[tuple[str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    inside: dict[str, set[str]] = field(default_factory=dict)
    feeds: dict[str, list[Feed]] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    above: list[tuple[str, ...]] = field(default_factory=list)

    def enclosing(self) -> tuple[str, str]:
        """Two expressions: over doc, a record: list `kept` of what is read of it with each of its rows; over kept: the
        same as JSON in the record's own shape. Each row gets a copy of this, never of the record with all its rows."""
        if not self.above:
            return "null", "null::json"
        fields: list[tuple[str, ...]] = []

        def written(way: tuple[str, ...]) -> str:
            pairs = []
            for name in dict.fromkeys(path[len(way)] for path in self.above if path[: len(way)] == way):
                here = (*way, name)
                if here in self.above:
                    fields.append(here)
                pairs.append(f"{literal(name)}, {f'kept[{len(fields)}]' if here in self.above else written(here)}")
            return f"json_object({', '.join(pairs)})"

        made = written(())
        pointers = ", ".join(literal(pointer(list(keys))) for keys in fields)
        return f"json_extract(doc, [{pointers}])", made

    def note_above(self, keys: list[Step]) -> None:
        """Remember what of the enclosing record is read."""
        end = next((n for n, key in enumerate(keys) if isinstance(key, Selection) or key.isdigit()), len(keys))
        plain = tuple(str(key) for key in keys[:end])
        if plain not in self.above:
            self.above.append(plain)

    def _note(self, keys: list[Step]) -> None:
        """Remember what of a record is read."""
        first = str(keys[0])
        if len(keys) == 1:
            self.known.add(first)
            return
        inside = self.inside.setdefault(first, set())
        if all(isinstance(key, str) for key in keys):  # of a list with selections the rest is not read
            inside.add(str(keys[1]))

    def _feed(self, keys: list[Step], whole: bool, above: bool) -> Feed:
        """The value at a path: as text, or (whole) as JSON; above: of the enclosing record."""
        at = next((n for n, key in enumerate(keys) if isinstance(key, Selection)), len(keys))
        if at == len(keys):
            plain = [str(key) for key in keys]
            if whole and not above:
                if pointer(keys) not in self.wholes:
                    self.wholes.append(pointer(keys))
                return ("wholes", self.wholes.index(pointer(keys)))
            if _grow(self.parents if above else self.texts, plain):
                return ("parents" if above else "texts", tuple(plain))
            return self._other(f"json_extract_string({'parent' if above else 'doc'}, {literal(pointer(keys))})")
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
            return self._other(f"nullif({element}::varchar, 'null')")
        if whole:
            return self._other(f"nullif(json_extract({element}, {literal(pointer(rest))})::varchar, 'null')")
        return self._other(f"json_extract_string({element}, {literal(pointer(rest))})")

    def _other(self, expression: str) -> Feed:
        if expression not in self.others:
            self.others.append(expression)
        return ("others", self.others.index(expression))

    def statement(self, block: str, extra: str | None, *, content: bool) -> str:
        """Everything that is read, from `block` (doc, parent, _line, _row): texts, parents, whole0 …, other0 …, _line,
        extra, content."""
        fields = ["_line"]
        if self.texts:
            fields.append(f"from_json(doc, {literal(_structure(self.texts))}) as texts")
        if self.parents:
            fields.append(f"from_json(parent, {literal(_structure(self.parents))}) as parents")
        fields += [f"nullif(wholes[{n + 1}]::varchar, 'null') as whole{n}" for n in range(len(self.wholes))]
        fields += [f"{expression} as other{n}" for n, expression in enumerate(self.others)]
        fields += [f"{extra} as extra"] if extra else []
        fields += ["md5(doc) as content"] if content else []
        return f"select {', '.join(fields)} from ({self._relation(block)})"  # noqa: S608 - literals of the contract

    def _relation(self, block: str) -> str:
        lists = ["doc", "parent", "_line"]
        if self.wholes:
            lists.append(f"json_extract(doc, [{', '.join(map(literal, self.wholes))}]) as wholes")
        lists += [f"{_elements('doc', at)} as picks{n}" for n, (at, _) in enumerate(self.picks)]
        statement = f"select {', '.join(lists)} from {block}"  # noqa: S608 - literals of the contract
        if not self.picks:
            return statement
        keys = [
            f"list_transform(picks{n}, lambda x: json_extract_string(x, {literal(pointer([key]))})) as keys{n}"
            for n, (_, key) in enumerate(self.picks)
        ]
        return f"select *, {', '.join(keys)} from ({statement})"  # noqa: S608 - literals of the contract

    def read(self, table: pa.Table) -> dict[str, list[pa.Array | str]]:
        """Column → arrays (or constants) that feed it, from what `statement` gave."""
        structs = {name: table[name].combine_chunks() for name in ("texts", "parents") if name in table.column_names}

        def values(feed: Feed) -> pa.Array | str:
            kind, place = feed
            if kind == "constant":
                return str(place)
            if isinstance(place, tuple):
                return _leaf(structs[kind], place)
            return table[f"{kind[:-1]}{place}"].combine_chunks()

        return {column: [values(feed) for feed in feeds] for column, feeds in self.feeds.items()}


def read_paths(export: ExportObject, form: FileForm, export_date: str) -> Paths:
    """All paths of an object's columns. export_date: what the source $export_date stands for."""
    paths = Paths(known=set(form.children))
    if form.nested_rows:
        paths.known.add(str(steps(form.nested_rows)[0]))
    for source in form.only:
        if source.startswith("^."):
            paths.note_above(steps(source))
    for column in export.columns.values():
        feeds: list[Feed] = []
        for source in column.sources:
            if source == EXPORT_DATE:
                feeds.append(("constant", export_date))
                continue
            keys = steps(source)
            above = source.startswith("^.")
            if above:
                paths.note_above(keys)
            else:
                paths._note(keys)
            feeds.append(paths._feed(keys, column.type == "jsonb", above))
        paths.feeds[column.name] = feeds
        as_it_is = not column.clean and not column.derived and column.name not in form.set_
        if column.type == "jsonb" and as_it_is and all(kind == "wholes" for kind, _ in feeds):
            paths.documents.add(column.name)
    for key in paths.known & set(paths.inside):
        del paths.inside[key]
    return paths


def _grow(tree: Tree, keys: list[str]) -> bool:
    """Add a value to the tree; False when the engine could not tell it from what is there already: a position in a
    list, a value that is read whole and in parts, or names that differ in case only."""
    if any(key.isdigit() for key in keys):
        return False
    node = tree
    for number, key in enumerate(keys):
        last = number == len(keys) - 1
        same = next((other for other in node if other.lower() == key.lower()), None)
        if same is None:
            for inner in keys[number:-1]:
                node = node.setdefault(inner, {})  # type: ignore[assignment]
            node[keys[-1]] = None
            return True
        child = node[same]
        if same != key or (child is None) != last:
            return False
        if child is None:
            return True
        node = child
    return False


def _structure(tree: Tree) -> str:
    return json.dumps(_typed(tree))


def _typed(tree: Tree) -> dict[str, Any]:
    return {key: "VARCHAR" if inner is None else _typed(inner) for key, inner in tree.items()}


def _leaf(struct: pa.StructArray, keys: tuple[str, ...]) -> pa.Array:
    """The values at nested keys, NULL where anything above is NULL."""
    import pyarrow.compute as pc

    for key in keys:
        index = struct.type.get_field_index(key)
        struct = struct.field(index) if not struct.null_count else pc.struct_field(struct, [index])
    return struct


def _elements(expression: str, at: str) -> str:
    """The elements of the list at a pointer; NULL when there is none."""
    return f"from_json(json_extract({expression}, {literal(at)}), '[\"JSON\"]')"


def _selected(expression: str, keys: list[Step], selection: Selection) -> str:
    """The selected element of a list inside another value."""
    matches = f"json_extract_string(x, {literal(pointer([selection.key]))}) = {literal(selection.value)}"
    return f"list_filter({_elements(expression, pointer(keys))}, lambda x: {matches})[1]"
