"""The Airflow connection of a vendor: address, secrets, accounts, as a description asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from connectors.apis.description import Part, VendorDescription
from connectors.apis.templates import Missing, fill
from connectors.connections import Connection
from connectors.errors import ApiAccessError


def setting(connection: Connection, name: str) -> str:
    """`password`, `login`, `schema`, `host` or `extra.<key>` of a connection; "" when it is not filled in."""
    if name.startswith("extra."):
        return str(connection.option(name[6:]) or "")
    return str(getattr(connection, name, "") or "")


def needed(connection: Connection, name: str, what: str) -> str:
    """The same; ApiAccessError when it is empty."""
    value = setting(connection, name)
    if not value:
        raise ApiAccessError(
            f"The connection {connection.id} has no {what}: fill in its {name} (in Airflow, or in"
            f" AIRFLOW_CONN_{connection.id.upper()})."
        )
    return value


def variables_of(description: VendorDescription, connection: Connection) -> dict[str, str]:
    """The vendor's variables: from the connection's extra (or its login or schema), else the description's default."""
    values: dict[str, str] = {}
    for name, default in description.variables.items():
        found = setting(connection, f"extra.{name}") or (
            setting(connection, name) if name in ("login", "schema") else ""
        )
        if isinstance(default, Part):
            default = setting(connection, default.of).rpartition(default.after)[2] or None
        if not found and default is None:
            raise ApiAccessError(
                f"{description.platform}: the connection {connection.id} must say {name}; write it into its extra."
            )
        values[name] = found or str(default)
    return values


def accounts_of(description: VendorDescription, connection: Connection) -> list[str]:
    """The accounts to pull, in the connection's order; [""] when the vendor has one per connection."""
    if description.accounts is None:
        return [""]
    found = connection.option(description.accounts.extra)
    listed = found if isinstance(found, list) else [found] if found else []
    if not listed:
        raise ApiAccessError(
            f"{description.platform}: the connection {connection.id} names no accounts; write them into its extra, like"
            f' {{"{description.accounts.extra}": ["1234567890"]}}.'
        )
    return [str(account) for account in dict.fromkeys(listed)]


def base_url(
    description: VendorDescription, connection: Connection, variables: Mapping[str, str], template: str | None = None
) -> str:
    """The vendor's address (or another one of the vendor: `template`).

    Scheme and host are the connection's where it has a host (a proxy, a test's server).
    """
    try:
        url = str(fill(template or description.base_url, variables))
    except Missing as error:
        raise ApiAccessError(f"{description.platform}: base_url needs {error}.") from None
    if not connection.host:
        return url.rstrip("/")
    host = connection.host if "://" in connection.host else f"https://{connection.host}"
    if connection.port:
        host = f"{host.rstrip('/')}:{connection.port}"
    own, given = urlsplit(url), urlsplit(host)
    return urlunsplit((given.scheme, given.netloc, given.path.rstrip("/") + own.path, "", "")).rstrip("/")
