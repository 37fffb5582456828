"""Credentials of places and vendor APIs: an Airflow connection, read by Airflow's own rules, with or without Airflow.

A connection is looked up where Airflow looks: a secrets backend or the database inside a task, and everywhere the
environment variable `AIRFLOW_CONN_<ID>` (an address, or JSON). Nothing of it is ever logged or put into an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from connectors.errors import CredentialsError


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection's fields, as Airflow names them. Its text form shows id and type only."""

    id: str
    conn_type: str = ""
    host: str = field(default="", repr=False)
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    schema: str = field(default="", repr=False)
    port: int | None = field(default=None, repr=False)
    extra: dict[str, Any] = field(default_factory=dict, repr=False)

    def option(self, *names: str) -> Any:
        """The first of these keys of `extra` that has a value; None when there is none.

        Forms of Airflow's UI prefix keys with `extra__<type>__`; those are found too.
        """
        for name in names:
            for key in (name, f"extra__{self.conn_type}__{name}"):
                if (value := self.extra.get(key)) not in (None, ""):
                    return value
        return None

    def flag(self, *names: str, default: bool = False) -> bool:
        """A yes or no of `extra`, also when it came as text (`?verify=false`)."""
        value = self.option(*names)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes", "on")


def find_connection(connection_id: str) -> Connection:
    """The connection of this id. Raises CredentialsError when there is none, or when it cannot be read."""
    from airflow.sdk import Connection as AirflowConnection

    _quiet()
    how = f"set AIRFLOW_CONN_{connection_id.upper()}, or add the connection {connection_id!r} in Airflow"
    try:
        found = AirflowConnection.get(connection_id)
    except Exception as error:  # what a secrets backend raises is its own business, and may quote the secret
        absent = "NotFound" in type(error).__name__
        reason = "There is no connection" if absent else "Airflow cannot read the connection"
        raise CredentialsError(f"{reason} {connection_id!r}: {how} ({type(error).__name__}).") from None
    try:
        extra = json.loads(found.extra) if found.extra else {}
    except ValueError:
        raise CredentialsError(f"Connection {connection_id!r}: its extra is not JSON; correct it, or {how}.") from None
    if not isinstance(extra, dict):
        raise CredentialsError(f"Connection {connection_id!r}: its extra is no JSON object; correct it, or {how}.")
    return Connection(
        connection_id, found.conn_type or "", found.host or "", found.login or "", found.password or "",
        found.schema or "", found.port, extra,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _quiet() -> None:
    """Airflow's masker warns on standard output of each secret that is too short to mask."""
    import logging

    logging.getLogger("airflow.sdk._shared.secrets_masker.secrets_masker").setLevel(logging.ERROR)
