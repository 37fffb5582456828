"""Small things that descriptions are made of: `${name}` in texts, dotted paths into JSON, moments and durations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"\$\{(\w+)\}")
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Missing(LookupError):
    """A `${name}` has no value at this moment: the parameter is left out."""


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template (text, list or mapping) with its `${name}`s filled; a text that is one name keeps the value's type.

    In lists and mappings an element that needs a missing value is left out. Raises Missing for a text.
    """
    if isinstance(template, str):
        whole = _NAME.fullmatch(template)
        if whole:
            return _value(whole[1], values)
        return _NAME.sub(lambda found: str(_value(found[1], values)), template)
    if isinstance(template, Mapping):
        return {key: filled for key, value in template.items() for filled in _filled(value, values)}
    if isinstance(template, list | tuple):
        return [filled for value in template for filled in _filled(value, values)]
    return template


def _filled(value: Any, values: Mapping[str, Any]) -> list[Any]:
    try:
        return [fill(value, values)]
    except Missing:
        return []


def _value(name: str, values: Mapping[str, Any]) -> Any:
    value = values.get(name)
    if value is None:
        raise Missing(name)
    return value


def names_in(template: Any) -> set[str]:
    """All `${name}`s of a template."""
    if isinstance(template, str):
        return set(_NAME.findall(template))
    if isinstance(template, Mapping):
        return set().union(*map(names_in, template.values()), set())
    if isinstance(template, list | tuple):
        return set().union(*map(names_in, template), set())
    return set()


def at(document: Any, path: str) -> Any:
    """What lies at a dotted path (`paging.cursors.after`, `errors.0.code`), None when nothing does. "" = all of it."""
    for step in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.lstrip("-").isdigit() and -len(document) <= int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def records_at(page: Any, path: str) -> list[Any]:
    """The records of a page: the list at the path, or the single object there."""
    found = at(page, path)
    if isinstance(found, list):
        return found
    return [found] if isinstance(found, Mapping) else []


def moment(value: Any) -> dt.datetime | None:
    """A vendor's time as an aware UTC datetime: ISO in all its spellings, unix seconds, milliseconds; else None.

    A time without zone is taken as UTC. Numbers from 10^11 on are milliseconds (in seconds that is the year 5138).
    """
    if isinstance(value, bool) or value in (None, ""):
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{9,14}(\.\d+)?", value):
        value = float(value) if "." in value else int(value)
    try:
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) >= 1e11 else value
            return dt.datetime.fromtimestamp(seconds, dt.UTC)
        found = dt.datetime.fromisoformat(str(value).strip().replace(" UTC", "Z"))
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def spell(value: dt.datetime | dt.date, how: str) -> Any:
    """A moment as a vendor wants it: iso (…Z), iso_ms, unix, unix_ms, date, or a strftime pattern."""
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    match how:
        case "iso":
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "iso_ms":
            return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
        case "unix":
            return int(value.timestamp())
        case "unix_ms":
            return int(value.timestamp() * 1000)
        case "date":
            return value.strftime("%Y-%m-%d")
        case _:
            return value.strftime(how)


def duration(text: str) -> dt.timedelta:
    """`30d`, `2h`, `90s` as a timedelta. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration; write a number and s, m, h or d, like 30d")
    return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
