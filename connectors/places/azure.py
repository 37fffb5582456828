"""Azure Blob Storage and Data Lake Gen2: `az://container/prefix` (also `abfs://`, and with `@account.dfs.core…`).

Connection (Airflow type `wasb` or `adls`): login = account name; password = account key; or extra: `connection_string`,
`sas_token`, `tenant_id` with login and password = client id and secret of a service principal (then `account_name` in
extra), `account_url`, `anon`. Without password and the like: Azure's own chain (environment, managed identity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.connections import Connection
from connectors.errors import CredentialsError
from connectors.places.objects import ObjectPlace, Storage
from connectors.places.retrying import RetryPolicy

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def azure_place(
    address: str, connection: Connection | None, folder: str | None = None, policy: RetryPolicy | None = None
) -> ObjectPlace:
    """The place at az://container/prefix, or abfss://container@account.dfs.core.windows.net/prefix."""
    head, _, prefix = address.partition("://")[2].partition("/")
    container, _, host = head.partition("@")
    storage = Storage(
        lambda: _file_system(connection, host.partition(".")[0]),
        version_keys=("etag", "content_settings", "last_modified"),
        refused=("ClientAuthenticationError", "CredentialUnavailableError"),
        missing=("FileNotFoundError", "ResourceNotFoundError"),
        status=_status,
        asks_for_bucket=True,
    )
    return ObjectPlace(storage, address, container, prefix.strip("/"), folder, policy)


def _file_system(connection: Connection | None, account: str) -> AbstractFileSystem:
    from adlfs import AzureBlobFileSystem

    options: dict[str, Any] = {"account_name": account or None, "anon": False}
    if connection is not None:
        principal = connection.option("tenant_id")
        options |= {
            "connection_string": connection.option("connection_string"),
            "sas_token": connection.option("sas_token"),
            "account_host": _host(
                connection.option("account_url") or (connection.host if "." in connection.host else "")
            ),
            "account_name": account or connection.option("account_name") or (None if principal else connection.login),
            "anon": connection.flag("anon", "anonymous"),
        }
        if principal:
            options |= {"tenant_id": principal, "client_id": connection.login, "client_secret": connection.password}
        elif connection.password:
            options["account_key"] = connection.password
    given = {key: value for key, value in options.items() if value not in (None, "")}
    if "account_name" not in given and "connection_string" not in given:
        raise CredentialsError(
            "Azure needs the name of the storage account: write it as login of the connection, or into the address"
            " (abfss://container@account.dfs.core.windows.net/…)."
        )
    return AzureBlobFileSystem(**given, use_listings_cache=False, skip_instance_cache=True)


def _host(address: str | None) -> str | None:
    """Host of an account's address, which may be written with or without https://."""
    return (urlsplit(address).netloc if "://" in address else address.strip("/")) if address else None


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return int(status) if isinstance(status, int) else None
