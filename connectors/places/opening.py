"""From an address to the place it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.connections import Connection
from connectors.errors import PlaceError
from connectors.places.base import Place
from connectors.places.folder import LocalFolder
from connectors.places.retrying import RetryPolicy

KINDS = {
    "": "local folder", "file": "local folder", "s3": "S3", "s3a": "S3", "gs": "Google Cloud Storage",
    "gcs": "Google Cloud Storage", "az": "Azure Blob", "abfs": "Azure Blob", "abfss": "Azure Blob",
    "wasb": "Azure Blob", "sftp": "SFTP", "https": "HTTPS", "http": "HTTPS",
}  # fmt: skip


def kind_of(address: str) -> str:
    """What kind of place an address names, in words. Raises PlaceError for one that cannot be read."""
    scheme = address.partition("://")[0] if "://" in address else ""
    if scheme not in KINDS:
        raise PlaceError(
            f"{scheme}://: exports cannot be read from such an address; write a folder, or s3://, gs://, az://,"
            " abfss://, sftp:// or https://."
        )
    if scheme not in ("", "file") and (parts := urlsplit(address)):
        if parts.password is not None or (parts.username is not None and not scheme.startswith("abfs")):
            raise PlaceError(
                f"{scheme}://…@{parts.hostname}: credentials do not belong into the address; make an Airflow connection"
                " (AIRFLOW_CONN_<ID>) and name it."
            )
        if parts.query:
            raise PlaceError(f"{scheme}://{parts.hostname}: an address of a place ends before the question mark.")
        if not parts.netloc and scheme != "sftp":
            raise PlaceError(f"{address}: name the bucket or host, like {scheme}://name/folder.")
    return KINDS[scheme]


def open_place(
    address: str | None = None, connection: str | Connection | None = None, *, folder: str | None = None,
    options: Mapping[str, Any] | None = None, policy: RetryPolicy | None = None,
) -> Place:  # fmt: skip
    """The place at an address: a folder, s3://, gs://, az://, sftp:// or https://; None = the settings' exports folder.

    connection: Airflow connection (or its id) with the credentials; folder: the platform's folder below the address,
    default its name; options: what else the kind of place knows (see its module). Raises PlaceError, CredentialsError.
    """
    if address is None:
        from warehouse.settings import settings

        return LocalFolder(settings().exports, folder)
    kind = kind_of(address)
    if kind == "local folder":
        return LocalFolder(Path(address.removeprefix("file://")), folder)
    if isinstance(connection, str):
        from connectors.connections import find_connection

        connection = find_connection(connection)
    if kind == "S3":
        from connectors.places.s3 import s3_place

        return s3_place(address, connection, folder, policy)
    if kind == "Google Cloud Storage":
        from connectors.places.gcs import gcs_place

        return gcs_place(address, connection, folder, policy)
    if kind == "Azure Blob":
        from connectors.places.azure import azure_place

        return azure_place(address, connection, folder, policy)
    if kind == "SFTP":
        from connectors.places.sftp import SftpPlace

        return SftpPlace(address, connection, folder, policy)
    from connectors.places.https import HttpsPlace

    return HttpsPlace(address, connection, folder, policy, **dict(options or {}))
