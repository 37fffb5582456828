"""Checks that follow from a platform's contract, so that nobody has to write them a second time as a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites import Check

if TYPE_CHECKING:
    from warehouse import TableSpec


def contract_checks(spec: TableSpec) -> list[Check]:
    """Key columns and required columns are never missing. (Types hold by construction: the landing table is typed.)"""
    checks = []
    required = [column.name for column in spec.columns if column.required]
    for name in [*spec.key, *(name for name in required if name not in spec.key)]:
        role = "key" if name in spec.key else "required"
        checks.append(
            Check.model_validate(
                {
                    "check": f"{name}_present",
                    "type": "expect_column_values_to_not_be_null",
                    "severity": "critical",
                    "description": f"The contract says that {name} is a {role} column, so every row has it.",
                    "column": name,
                }
            )
        )
    return checks


def personal_columns(spec: TableSpec) -> frozenset[str]:
    """Columns that the contract marks as personal data."""
    return frozenset(column.name for column in spec.columns if column.pii)
