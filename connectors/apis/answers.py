"""What a vendor's answer means: fine, or which of the error rules it fits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.apis.rules import ErrorRule, When
from connectors.apis.templates import at


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose body was read.

    headers    names in lower case
    page       the parsed JSON, None when it is none
    next_link  address of the Link header with rel=next
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    page: Any
    is_json: bool
    next_link: str | None = None

    def words(self, paths: Iterable[str]) -> str:
        """For messages: the status, and the error's code and type. Never free text, which may quote data."""
        found = [str(value)[:80] for path in paths if isinstance(value := at(self.page, path), str | int)]
        return ", ".join([f"HTTP {self.status}", *found])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an answer that is no page. do: as ErrorRule; `broken` = not the JSON that it should be."""

    do: str
    say: str = ""
    rule: ErrorRule | None = None


def read_answer(status: int, headers: Mapping[str, str], body: bytes, next_link: str | None = None) -> Answer:
    """Parse the body where it is JSON."""
    try:
        page, is_json = json.loads(body), True
    except (ValueError, RecursionError):
        page, is_json = None, False
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body, page, is_json, next_link)


def judge(answer: Answer, rules: Iterable[ErrorRule]) -> Verdict | None:
    """The first rule that fits; without one, what the status means by itself. None: the answer is a page."""
    for rule in rules:
        if fits(answer, rule.when):
            return Verdict(rule.do, rule.say, rule)
    if answer.status == 429:
        return Verdict("throttle")
    if answer.status in (401, 403):
        return Verdict("access")
    if answer.status >= 500 or answer.status == 408:
        return Verdict("retry")
    if answer.status >= 300:
        return Verdict("stop")
    if not answer.is_json:
        return Verdict("broken")
    return None


def seconds_in(answer: Answer, rule: ErrorRule | None) -> float | None:
    """How long a throttling answer's body asks to wait; None when it does not say."""
    if rule is None:
        return None
    if rule.wait_at:
        found = at(answer.page, rule.wait_at)
        return float(found) if isinstance(found, int | float) else None
    if rule.bucket:
        need, have, rate = (at(answer.page, path) for path in (rule.bucket.need, rule.bucket.have, rule.bucket.rate))
        if all(isinstance(part, int | float) for part in (need, have, rate)) and rate > 0:
            return max(float(need - have) / float(rate), 1.0)
    return None


def fits(answer: Answer, when: When) -> bool:
    """Whether all that `when` names holds."""
    if when.status and not any(_in(answer.status, part) for part in when.status):
        return False
    for path, values in when.json_.items():
        found = at(answer.page, path)
        if found is None or not any(str(found) == str(value) for value in values):
            return False
    if not when.text:
        return True
    # Without a status, words are looked for in refusals only: in a good page they may be what somebody wrote.
    return bool(when.status or answer.status >= 400) and when.text.lower().encode() in answer.body.lower()


def _in(status: int, part: int | str) -> bool:
    if isinstance(part, int):
        return status == part
    low, _, high = part.partition("-")
    return int(low) <= status <= int(high)
