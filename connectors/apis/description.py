"""How a vendor gives its data: `vendors/<platform>.yml` read into frozen, validated models. Format: README.md here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from connectors.apis.endpoints import Endpoint
from connectors.apis.rules import Auth, Errors, Limits, Model, Signing
from connectors.apis.templates import names_in
from connectors.contracts import _explain, _UniqueLoader
from connectors.errors import ContractError

VENDORS = Path(__file__).parent / "vendors"
_WORD = re.compile(r"[a-z][a-z0-9_]*")
# Values that every template may use, beside the vendor's variables, the account and fields of parents.
GIVEN = {"since", "until", "token", "export_date", "page_size"}


class Accounts(Model):
    """The connection may hold several accounts: `extra` is the key of its extra that lists them (or has one)."""

    variable: str
    extra: str


class Part(Model):
    """A value that is part of another of the connection: what stands in `of` behind the last `after`."""

    of: str
    after: str = Field(min_length=1)


class VendorDescription(Model):
    """Everything about how one platform's data are asked for over HTTP.

    extends    a file `_<name>.yml` beside this one whose top-level keys hold where this file has none (one vendor,
               several platforms)
    variables  name → default, null: the connection must have it (login, schema, or a key of its extra), or a part of
               another value of the connection
    forget     query parameters that never go into files and states (tokens that vendors echo in addresses)
    """

    platform: str
    extends: str | None = None
    title: str
    base_url: str
    variables: dict[str, str | Part | None] = Field(default_factory=dict)
    accounts: Accounts | None = None
    auth: Auth = Field(default_factory=Auth)
    signing: Signing | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    errors: Errors = Field(default_factory=Errors)
    forget: tuple[str, ...] = ()
    endpoints: dict[str, Endpoint] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_endpoints(cls, value: Any) -> Any:
        endpoints = value.get("endpoints") if isinstance(value, dict) else None
        if isinstance(endpoints, dict):
            named = {k: {**body, "name": k} if isinstance(body, dict) else body for k, body in endpoints.items()}
            return {**value, "endpoints": named}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> VendorDescription:
        known = GIVEN | set(self.variables) | ({self.accounts.variable} if self.accounts else set())
        for endpoint in self.endpoints.values():
            if not _WORD.fullmatch(endpoint.name):
                raise ValueError(f"endpoint {endpoint.name!r}: write lower-case words joined by _")
            own = known | set(endpoint.each)
            if endpoint.parents:
                if endpoint.parents.endpoint not in self.endpoints:
                    raise ValueError(f"{endpoint.name}: there is no endpoint {endpoint.parents.endpoint!r}")
                own |= set(endpoint.parents.fields)
            used = names_in([endpoint.path, endpoint.params, endpoint.body, endpoint.headers, endpoint.wrap])
            if endpoint.strategy == "pages" and used - own:
                name = sorted(used - own)[0]
                raise ValueError(f"{endpoint.name}: ${{{name}}} is none of {', '.join(sorted(own))}")
            self._no_circle(endpoint)
        return self

    def _no_circle(self, endpoint: Endpoint) -> None:
        seen = {endpoint.name}
        parents = endpoint.parents
        while parents is not None:
            if parents.endpoint in seen:
                raise ValueError(f"{endpoint.name}: its parents lead back to itself")
            seen.add(parents.endpoint)
            parents = self.endpoints[parents.endpoint].parents

    def feeding(self, folder: str) -> list[Endpoint]:
        """Endpoints whose pages lie in this folder."""
        return [endpoint for endpoint in self.endpoints.values() if endpoint.folder == folder]

    def above(self, endpoint: Endpoint) -> list[Endpoint]:
        """The endpoints of whose records this one's requests are made: its parent, that one's parent …"""
        found = []
        while endpoint.parents is not None:
            endpoint = self.endpoints[endpoint.parents.endpoint]
            found.append(endpoint)
        return found

    def without(self, names: Iterable[str]) -> VendorDescription:
        """The description without these endpoints and those whose parents they are. Raises ContractError."""
        out = {str(name) for name in names}
        if unknown := out - set(self.endpoints):
            raise ContractError(
                f"{self.platform}: the connection's extra leaves out {sorted(unknown)[0]!r}, which is no endpoint of"
                f" connectors/apis/vendors/{self.platform}.yml; it has {', '.join(self.endpoints)}."
            )
        kept = {
            name: endpoint
            for name, endpoint in self.endpoints.items()
            if name not in out and not any(parent.name in out for parent in self.above(endpoint))
        }
        return self.model_copy(update={"endpoints": kept})

    def limits_of(self, endpoint: Endpoint) -> Limits:
        return endpoint.limits or self.limits


class _Loader(_UniqueLoader):
    """The contracts' loader, with YAML's merge key (`<<: *name`); a merged key may not be written again."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return super().construct_mapping(node, deep)


def read_description(path: Path) -> VendorDescription:
    """Read and check one description. Raises ContractError that names file, key and what to write instead."""
    name = f"apis/vendors/{path.name}"
    data = _read_yaml(path)
    if isinstance(data.get("extends"), str):
        data = {**_read_yaml(path.with_name(f"_{data['extends']}.yml")), **data}
    try:
        found = VendorDescription.model_validate(data)
    except ValidationError as error:
        raise ContractError("\n".join(_explain(name, part) for part in error.errors())) from None
    if found.platform != path.stem:
        raise ContractError(f"{name}: platform is {found.platform!r}; write `platform: {path.stem}`.")
    return found


def _read_yaml(path: Path) -> dict[str, Any]:
    name = f"apis/vendors/{path.name}"
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractError(f"{name}: cannot be read: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(data, dict):
        raise ContractError(f"{name}: is empty or no mapping; begin with `platform: {path.stem}`.")
    return data


@lru_cache(maxsize=64)
def _cached(path: Path, _changed: int) -> VendorDescription:
    return read_description(path)


def described() -> list[str]:
    """Platforms whose vendor's API is described, sorted."""
    return sorted(path.stem for path in VENDORS.glob("[!_]*.yml"))


def load_description(platform: str) -> VendorDescription:
    """How a platform's vendor gives its data. Raises ContractError when nobody has described it, or wrongly."""
    if platform not in described():
        raise ContractError(
            f"{platform} cannot be pulled over its vendor's API: there is no connectors/apis/vendors/{platform}.yml;"
            f" described are {', '.join(described())}."
        )
    path = VENDORS / f"{platform}.yml"
    return _cached(path, max(file.stat().st_mtime_ns for file in (path, *VENDORS.glob("_*.yml"))))
