"""What there is to pull, read quickly: names, titles and schedules of contracts, and which platforms are used here.

Everything that a scheduler asks each time it reads its workflows. Nothing is validated beyond what is read: `sources`
and `contracts` do that. Imports the standard library and PyYAML only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connectors.errors import ContractError, SourcesError

CONTRACTS = Path(__file__).parent / "contracts"
VARIABLE = "JOURNEYLINE_SOURCES"
DEFAULT_SCHEDULE = "0 3 * * *"
YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where there is one: five times as fast


@dataclass(frozen=True, slots=True)
class ObjectOutline:
    """One object, in words: what a row is, its forms, key, and how it is restated."""

    name: str
    description: str
    formats: tuple[str, ...]
    key: tuple[str, ...]
    restatement: str


@dataclass(frozen=True, slots=True)
class PlatformOutline:
    """A contract without its columns. schedule: cron expression of its pull, UTC."""

    platform: str
    title: str
    description: str
    schedule: str
    objects: tuple[ObjectOutline, ...]


def platforms() -> list[str]:
    """Names of all platforms that have a contract, sorted."""
    return sorted(path.stem for path in CONTRACTS.glob("*.yml"))


def sources_file() -> Path | None:
    """The installation's sources.yml, as the environment names it."""
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser().absolute() if given else None


def read_sources() -> dict[str, Any] | None:
    """sources.yml as it stands: platform → what it says; None without one. Raises SourcesError."""
    path = sources_file()
    if path is None:
        return None
    data = _load(path, SourcesError)
    if not isinstance(data, dict) or not data:
        raise SourcesError(f"{path.name}: name the platforms that are used here, like `shopify: {{}}`.")
    unknown = [str(name) for name in data if name not in platforms()]
    if unknown:
        raise SourcesError(
            f"{path.name}: {unknown[0]}: there is no contract of this name; there are {', '.join(platforms())}."
        )
    return data


def active_platforms() -> list[str]:
    """Platforms that this installation pulls, sorted: those of sources.yml, or every one that has a contract."""
    sources = read_sources()
    return platforms() if sources is None else sorted(sources)


def outline(platform: str) -> PlatformOutline:
    """A contract without its columns. Raises ContractError when it cannot be read."""
    path = CONTRACTS / f"{platform}.yml"
    data = _load(path, ContractError)
    try:
        objects = tuple(
            ObjectOutline(
                str(name), _line(body.get("description", "")), tuple(dict.fromkeys(f["format"] for f in body["files"])),
                tuple(body.get("key", ())), str(body.get("restatement", "upsert")),
            )
            for name, body in data["objects"].items()
        )  # fmt: skip
        schedule = str(data.get("schedule", DEFAULT_SCHEDULE))
        return PlatformOutline(platform, _line(data["title"]), _line(data["description"]), schedule, objects)
    except (KeyError, TypeError, AttributeError):
        raise ContractError(f"{path.name}: is no contract: see `python -m connectors check {platform}`.") from None


def outline_or_reason(platform: str) -> PlatformOutline:
    """The same; of a contract that cannot be read an outline that says so, so that one does not hide the others."""
    try:
        return outline(platform)
    except ContractError as error:
        return PlatformOutline(platform, platform, f"This pull will fail: {error}", DEFAULT_SCHEDULE, ())


def _load(path: Path, kind: type[Exception]) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), YamlLoader)
    except OSError as error:
        raise kind(f"{path}: cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise kind(f"{path.name}: is not valid YAML: {' '.join(str(error).split())[:300]}") from None


def _line(text: Any) -> str:
    return " ".join(str(text).split())
