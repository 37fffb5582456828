"""The rules of `config/identifiers.yml`: how far a shared identifier is evidence for one person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resolution.errors import ConfigError

RULES_PATH = Path(__file__).parent / "config" / "identifiers.yml"
_NORMALISERS = ("lower", "email", "phone", "digits", "exact")


@dataclass(frozen=True)
class IdentifierRule:
    """One identifier type; the fields are explained in `config/identifiers.yml`."""

    name: str
    code: int
    match_weight: float
    max_records: int
    max_accounts: int
    max_people: int
    max_values: int
    across_names: bool
    normalise: str
    priority: int
    exclusive: bool = False
    same_as: str | None = None
    taken_from: str | None = None
    patterns: tuple[str, ...] = ()
    same_name: bool = False
    rebuttable: bool = False
    blocked_patterns: tuple[str, ...] = ()

    @property
    def is_mailbox(self) -> bool:
        """Whether values are e-mail addresses (or stand for them), whose names may say whose they are."""
        return self.normalise == "email"

    @property
    def match_probability(self) -> float:
        """Posterior probability that belongs to `match_weight` (log2 odds)."""
        return 1.0 / (1.0 + 2.0 ** -float(self.match_weight))


@dataclass(frozen=True)
class LifeRules:
    """When two groups of records lead lives of their own (`parallel_lives` of the rules; resolution/lives.py)."""

    kinds: frozenset[str] = frozenset()
    max_doubled: int = 1


@dataclass(frozen=True)
class IdentifierRules:
    """All types, strongest first, and the values that are never evidence."""

    rules: tuple[IdentifierRule, ...]
    blocked_values: frozenset[str]
    blocked_patterns: tuple[str, ...]
    lives: LifeRules

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(r.name for r in self.rules)

    def rule(self, name: str) -> IdentifierRule:
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise ConfigError(f"{RULES_PATH.name}: there is no identifier type {name!r}; known: {', '.join(self.names)}")


def parse_identifier_rules(document: object, origin: str = RULES_PATH.name) -> IdentifierRules:
    """Check a parsed YAML document; raises ConfigError naming the file, the key and what to write instead."""
    if not isinstance(document, dict) or "types" not in document:
        raise ConfigError(f"{origin}: expected a mapping with the keys blocked_values, blocked_patterns, types")
    rules: list[IdentifierRule] = []
    for priority, entry in enumerate(document["types"]):
        if not isinstance(entry, dict) or "name" not in entry:
            raise ConfigError(f"{origin}: types[{priority}] needs a name")
        where = f"{origin}: types.{entry['name']}"
        fields = dict(entry)
        for listed in ("blocked_patterns", "patterns"):
            fields[listed] = tuple(fields.get(listed, ()))
        try:
            rule = IdentifierRule(priority=priority, **fields)
        except TypeError as error:
            raise ConfigError(f"{where}: {error}; see the explanations at the top of the file") from None
        if rule.normalise not in _NORMALISERS:
            raise ConfigError(f"{where}.normalise is {rule.normalise!r}; write one of {', '.join(_NORMALISERS)}")
        if not 1000 <= rule.code <= 9999:
            raise ConfigError(f"{where}.code is {rule.code}; write a number from 1000 to 9999, never used before")
        for number in ("max_records", "max_accounts", "max_people", "max_values"):
            if getattr(rule, number) < 1:
                raise ConfigError(f"{where}.{number} must be 1 or more")
        rules.append(rule)
    blocked = tuple(document.get("blocked_patterns", ()))
    for pattern in (*blocked, *(p for r in rules for p in (*r.blocked_patterns, *r.patterns))):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{origin}: pattern {pattern!r} is no regular expression: {error}") from None
    names = [r.name for r in rules]
    if len(set(names)) != len(names):
        raise ConfigError(f"{origin}: an identifier type is listed twice")
    codes = [r.code for r in rules if r.same_as is None]
    if len(set(codes)) != len(codes):
        raise ConfigError(f"{origin}: two identifier types share a code; give each its own")
    for rule in rules:
        for key in ("same_as", "taken_from"):
            if (other := getattr(rule, key)) is not None and other not in names:
                raise ConfigError(f"{origin}: types.{rule.name}.{key} names {other!r}, which is not a type")
        if bool(rule.taken_from) != bool(rule.patterns):
            raise ConfigError(f"{origin}: types.{rule.name} needs both taken_from and patterns, or neither")
    values = frozenset(str(v).lower() for v in document.get("blocked_values", ()))
    return IdentifierRules(tuple(rules), values, blocked, _life_rules(document.get("parallel_lives"), origin))


def _life_rules(entry: object, origin: str) -> LifeRules:
    """The section `parallel_lives`; without it records never lead lives of their own."""
    if entry is None:
        return LifeRules()
    if not isinstance(entry, dict) or set(entry) != {"kinds", "max_doubled"} or not isinstance(entry["kinds"], list):
        raise ConfigError(f"{origin}: parallel_lives needs kinds (a list of record kinds) and max_doubled (a number)")
    if not isinstance(entry["max_doubled"], int) or entry["max_doubled"] < 0:
        raise ConfigError(f"{origin}: parallel_lives.max_doubled must be a number of 0 or more")
    return LifeRules(frozenset(map(str, entry["kinds"])), entry["max_doubled"])


@cache
def load_identifier_rules(path: Path = RULES_PATH) -> IdentifierRules:
    """Read and check the rules file."""
    from resolution.yaml_text import parse_yaml

    return parse_identifier_rules(parse_yaml(path.read_text(encoding="utf-8")), path.name)
