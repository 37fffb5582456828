"""A starting configuration for a table nobody has described: types, parts put together, repetitions left out, sources
judged by the records, and a profile of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from resolution.column_types import suggest_type
from resolution.redundancy import SourceEvidence, repeats, source_evidence

if TYPE_CHECKING:
    import polars as pl

MOST_SOURCES = 30
ONCE = ("given_name", "family_name", "full_name")


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds, without its values."""

    name: str
    filled: float
    distinct: int
    largest_share: float
    mean_length: float
    suggested: str


@dataclass
class Plan:
    """What a configuration will say. attributes: (name, columns, type, remark)."""

    record_id: str | None = None
    source: str | None = None
    evidence: SourceEvidence | None = None
    attributes: list[tuple[str, tuple[str, ...], str, str]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, reason: str, *columns: str) -> None:
        self.left_out.setdefault(reason, []).extend(columns)


def column_profiles(frame: pl.DataFrame) -> list[ColumnProfile]:
    """Profile of every column, with the attribute type that its name and values suggest ('' = not for matching)."""
    import polars as pl

    result = []
    for name in frame.columns:
        text = frame[name].cast(pl.String, strict=False).str.strip_chars()
        text = text.filter(text != "")
        distinct = text.n_unique() if len(text) else 0
        most = int(text.value_counts()["count"].max() or 0) if len(text) else 0  # type: ignore[arg-type]
        length = text.str.len_chars().mean()
        filled = len(text) / max(len(frame), 1)
        kind = suggest_type(name, text, distinct)
        mean = round(float(length), 1) if isinstance(length, int | float) else 0.0
        result.append(ColumnProfile(name, round(filled, 4), distinct, round(most / max(len(text), 1), 4), mean, kind))
    return result


def plan_config(frame: pl.DataFrame) -> Plan:
    """Decide what each column is for."""
    profiles = column_profiles(frame)
    plan = Plan()
    rest: list[ColumnProfile] = []
    for p in profiles:
        if p.suggested == "record_id" and plan.record_id is None:
            plan.record_id = p.name
        elif p.suggested == "source" and plan.source is None:
            plan.source = p.name
        elif p.suggested in ("", "record_id", "source"):
            plan.leave_out("not used", p.name)
        else:
            rest.append(p)
    _put_parts_together(rest, plan)
    _names(frame, rest, plan)
    for p in rest:
        # Two columns that say the same are one piece of evidence.
        twin = next((o for _, (o, *more), _, _ in plan.attributes if not more and repeats(frame, p.name, [o])), None)
        if twin is not None and p.suggested not in ("postcode", "exact", "number"):
            plan.leave_out(f"repeats {twin}", p.name)
        else:
            plan.attributes.append((p.name, (p.name,), p.suggested, _remark(p)))
    order = {p.name: i for i, p in enumerate(profiles)}
    _keep_most_telling(plan, {p.name: p for p in profiles})
    plan.attributes.sort(key=lambda a: order[a[1][0]])
    _judge_sources(frame, profiles, plan)
    return plan


def _keep_most_telling(plan: Plan, profiles: dict[str, ColumnProfile]) -> None:
    """Leave attributes out when there are more than can be compared: those of no special type first, and of these the
    ones that tell fewest records apart.
    """
    from resolution.classify.patterns import MOST_COMPARED

    plain = ("exact", "number", "date", "string", "id")

    def telling(attribute: tuple[str, tuple[str, ...], str, str]) -> tuple[bool, float, str]:
        p = profiles[attribute[1][0]]
        return attribute[2] not in plain, p.filled * (1 - p.largest_share) * p.distinct, attribute[0]

    # A full name is compared as two names.
    room = MOST_COMPARED - sum(kind == "full_name" for _, _, kind, _ in plan.attributes)
    for attribute in sorted(plan.attributes, key=telling)[: max(len(plan.attributes) - room, 0)]:
        plan.attributes.remove(attribute)
        plan.leave_out(f"more than the {MOST_COMPARED} that are compared, and tells less", *attribute[1])


def _remark(p: ColumnProfile) -> str:
    return f"{p.filled:.0%} filled, {p.distinct} different"


def _take(rest: list[ColumnProfile], kind: str) -> ColumnProfile | None:
    found = next((p for p in rest if p.suggested == kind), None)
    if found is not None:
        rest.remove(found)
    return found


def _put_parts_together(rest: list[ColumnProfile], plan: Plan) -> None:
    """Year, month and day to a date; house number and street to an address."""
    has_date = any(p.suggested == "birth_date" for p in rest)
    year, month, day = (_take(rest, kind) for kind in ("birth_year", "birth_month", "birth_day"))
    if year is not None and not has_date:
        parts = tuple(p.name for p in (year, month, day) if p is not None and not (p is day and month is None))
        plan.attributes.append((year.name, parts, "birth_date", _remark(year)))
        year = None
        month = day = None if month is not None else day
    for p in (year, month, day):
        if p is not None and has_date:
            plan.leave_out("part of the birth date", p.name)
        elif p is not None:
            rest.append(replace(p, suggested="exact"))
    number = _take(rest, "house_number")
    street = next((p for p in rest if p.suggested == "address"), None)
    if number is not None and street is not None:
        rest.remove(street)
        plan.attributes.append((street.name, (street.name, number.name), "address", _remark(street)))
    elif number is not None:
        rest.append(replace(number, suggested="exact"))


def _names(frame: pl.DataFrame, rest: list[ColumnProfile], plan: Plan) -> None:
    """One given, one family and one full name; what repeats them is left out, what is not is text of its own."""
    found = {kind: _take(rest, kind) for kind in ONCE}
    given, family, full = (found[kind] for kind in ONCE)
    for p in (given, family, full):
        if p is not None:
            plan.attributes.append((p.name, (p.name,), p.suggested, _remark(p)))
    parts = [p.name for p in (given, family) if p is not None]
    for p in list(rest):
        if p.suggested in ONCE or (p.suggested == "string" and len(parts) == 2):
            known = [parts] if len(parts) == 2 else []
            if full is not None:
                known.append([full.name])
            of = next((k for k in known if repeats(frame, p.name, k)), None)
            if of is not None:
                plan.leave_out(f"repeats {' and '.join(of)}", p.name)
                rest.remove(p)
            elif p.suggested in ONCE:
                rest[rest.index(p)] = replace(p, suggested="string")
    for p in list(rest):
        if p.suggested == "middle_name":
            rest[rest.index(p)] = replace(p, suggested="string")


def _judge_sources(frame: pl.DataFrame, profiles: Sequence[ColumnProfile], plan: Plan) -> None:
    """What equal records say about the source column; without one, about any column that could be a source."""
    strong = [c for _, columns, kind, _ in plan.attributes if kind not in ("exact", "number") for c in columns]
    used = {c for _, columns, _, _ in plan.attributes for c in columns}
    tried = (
        [plan.source]
        if plan.source
        else [
            p.name
            for p in profiles
            if 1 < p.distinct <= MOST_SOURCES and p.filled == 1.0 and p.largest_share < 0.9 and p.name not in used
        ]
    )
    if len(strong) < 3:
        return
    for column in tried:
        evidence = source_evidence(frame, column, [c for c in strong if c != column])
        if plan.source or evidence.duplicate_free:
            plan.source, plan.evidence = column, evidence
            for columns in plan.left_out.values():
                if column in columns:
                    columns.remove(column)
            return


def suggest_config(frame: pl.DataFrame, origin: str) -> str:
    """A configuration as commented YAML text."""
    plan = plan_config(frame)
    lines = [f"# Matching configuration suggested for {origin}. Check the types, then run `python -m resolution link`."]
    if plan.record_id:
        lines.append(f"record_id: {_quoted(plan.record_id)}")
    else:
        lines.append(
            "record_id: row_number          # no column has a value of its own in every row: rows are numbered"
        )
    if plan.source:
        lines += [f"source: {_quoted(plan.source)}", *_about_sources(plan.evidence)]
    lines.append("attributes:                     # column: type")
    for name, columns, kind, remark in plan.attributes:
        if len(columns) == 1:
            lines.append(f"  {_quoted(name)}: {kind:<14} # {remark}")
        else:
            more = ", ".join(_quoted(c) for c in columns[1:])
            lines.append(
                f"  {_quoted(name)}: {{column: {_quoted(columns[0])}, parts: [{more}], type: {kind}}}  # {remark}"
            )
    lines += [f"# {reason}: {', '.join(columns)}" for reason, columns in plan.left_out.items() if columns]
    lines += [
        "blocking: auto                  # or a list of passes, for example [[family:soundex, 'birth_date:year']]",
        "threshold: auto                 # or a probability, for example 0.9",
    ]
    return "\n".join(lines) + "\n"


def _about_sources(evidence: SourceEvidence | None) -> list[str]:
    """The line on duplicate-free sources, with what the records say."""
    if evidence is None or evidence.by_chance < 1:
        return ["duplicate_free_sources: []      # `all`, or the names of sources that hold nobody twice"]
    found = (
        f"{evidence.within} of {evidence.equal_pairs} pairs of equal records lie within one source, "
        f"{evidence.by_chance:.0f} would by chance"
    )
    if evidence.duplicate_free:
        return [
            f"duplicate_free_sources: all     # {found}:",
            "                                # no source seems to hold anybody twice; write [] if one does",
        ]
    return [f"duplicate_free_sources: []      # {found}; `all`, or the names of sources that hold nobody twice"]


def _quoted(name: str) -> str:
    import yaml

    return yaml.safe_dump(name, default_style=None, width=1000).splitlines()[0].strip()


def profile_rows(profiles: list[ColumnProfile]) -> list[dict[str, Any]]:
    """Profiles as plain dictionaries."""
    return [vars(p) for p in profiles]
