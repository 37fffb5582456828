"""Figures in plain words: all that a gate says is made here, from numbers and what the suite's author wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from expectations.suites import Check

_CODES = {
    "UndefinedColumn": "a column that it uses does not exist",
    "UndefinedTable": "a table that it uses does not exist",
    "UndefinedFunction": "its types do not fit what is asked",
    "DatatypeMismatch": "its types do not fit what is asked",
    "InsufficientPrivilege": "the role may not read the table",
    "QueryCanceled": "the statement was cancelled or timed out",
    "OperationalError": "the warehouse could not be reached",
}


def number(value: float | int) -> str:
    """12345.678 → '12,345.678'; floats with at most four significant decimals."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"


def quantity(value: float | int, unit: str) -> str:
    """A figure with its unit: shares as per cent."""
    if unit == "share":
        return f"{value * 100:.4g} %"
    return number(value) if unit in ("number", "amount") else f"{number(value)} {unit}"


def describe_figure(check: Check, value: float | int | None) -> tuple[str, str]:
    """(observed, message) of a figure."""
    if value is None:
        return "not enough data", f"{check.description} Not enough data to say."
    observed = quantity(value, check.unit)
    low, high = check.arguments.get("min_value"), check.arguments.get("max_value")
    if low is not None and low == high:
        allowed = f"exactly {quantity(low, check.unit)}"
    else:
        sides = [(low, "at least"), (high, "at most")]
        allowed = " and ".join(f"{word} {quantity(side, check.unit)}" for side, word in sides if side is not None)
    name = str(check.figure).split(".")[1].replace("_", " ")
    return observed, f"{check.description} Found {name}: {observed}; allowed: {allowed}."


def describe_rows(check: Check, unexpected: int, evaluated: int) -> tuple[str, str]:
    """(observed, message) of a rule that each row must meet."""
    share = f" ({quantity(unexpected / evaluated, 'share')})" if evaluated else ""
    observed = f"{number(unexpected)} of {number(evaluated)} rows{share}"
    return observed, f"{check.description} {observed} break this."


def with_advice(check: Check, message: str, passed: bool) -> str:
    """The message of a failed check, followed by what its author says is to be done."""
    return message if passed or not check.advice else f"{message} What to do: {check.advice.strip()}"


def describe_failure(exception_info: Mapping[str, Any]) -> str:
    """Why a check could not be evaluated, from the error's class only: a driver's text may quote a row."""
    text = f"{exception_info.get('exception_message', '')} {exception_info.get('exception_traceback', '')}"
    for code, words in _CODES.items():
        if re.search(rf"\b{code}\b", text):
            return words + "."
    kinds = re.findall(r"\b([A-Z][A-Za-z]+(?:Error|Exception))\b", text)
    return f"{kinds[-1] if kinds else 'an error'} was raised. Try the check's statement by hand."
