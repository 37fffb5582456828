"""Google Cloud Storage: `gs://bucket/prefix`.

Connection (Airflow type `google_cloud_platform`), extra: `keyfile_dict` (the service account's JSON) or `key_path` (its
file), `project`, `endpoint_url`, `anon`. Without: Google's own chain (environment, gcloud, instance role).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connectors.connections import Connection
from connectors.errors import CredentialsError
from connectors.places.objects import ObjectPlace, Storage
from connectors.places.retrying import RetryPolicy

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def gcs_place(
    address: str, connection: Connection | None, folder: str | None = None, policy: RetryPolicy | None = None
) -> ObjectPlace:
    """The place at gs://bucket/prefix."""
    bucket, _, prefix = address.partition("://")[2].partition("/")
    storage = Storage(
        lambda: _file_system(connection),
        version_keys=("generation", "etag", "md5Hash", "updated"),
        refused=("GoogleAuthError", "DefaultCredentialsError", "RefreshError"),
        status=_status,
    )
    return ObjectPlace(storage, address, bucket, prefix.strip("/"), folder, policy)


def _file_system(connection: Connection | None) -> AbstractFileSystem:
    # The JSON API only: the class that gcsfs exports asks by gRPC first what kind of bucket it is.
    from gcsfs.core import GCSFileSystem

    credentials: Any = "google_default"
    options: dict[str, Any] = {}
    if connection is not None:
        keyfile = connection.option("keyfile_dict")
        if keyfile:
            try:
                credentials = json.loads(keyfile) if isinstance(keyfile, str) else dict(keyfile)
            except ValueError:
                raise CredentialsError(f"Connection {connection.id!r}: keyfile_dict is not JSON.") from None
        elif key_path := connection.option("key_path"):
            credentials = str(key_path)
        elif connection.flag("anon", "anonymous"):
            credentials = "anon"
        options["project"] = connection.option("project", "project_id")
        options["endpoint_url"] = connection.option("endpoint_url")
    return GCSFileSystem(
        token=credentials, access="read_only", use_listings_cache=False, skip_instance_cache=True,
        **{key: value for key, value in options.items() if value is not None},
    )  # fmt: skip


def _status(error: BaseException) -> int | None:
    if type(error) is OSError and str(error).startswith("Forbidden:"):  # gcsfs drops the status of this one
        return 403
    code = getattr(error, "code", None) or getattr(error, "status", None)
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else None
