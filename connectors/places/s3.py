"""S3 and everything that speaks its protocol (MinIO, Ceph, R2, …): `s3://bucket/prefix`.

Connection (Airflow type `aws`): login and password = access key and secret; extra: `endpoint_url`, `region_name`,
`aws_session_token`, `verify` (false, or path of a CA file), `config_kwargs`, `anon`. Without a connection, or with one
that has no login: AWS's own chain (environment, profile, instance role).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.connections import Connection
from connectors.places.objects import ObjectPlace, Storage
from connectors.places.retrying import RetryPolicy

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def s3_place(
    address: str, connection: Connection | None, folder: str | None = None, policy: RetryPolicy | None = None
) -> ObjectPlace:
    """The place at s3://bucket/prefix."""
    bucket, _, prefix = address.partition("://")[2].partition("/")
    storage = Storage(
        lambda: _file_system(connection),
        version_keys=("ETag", "LastModified"),
        refused=("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"),
        missing=("FileNotFoundError", "NoSuchBucket", "NoSuchKey", "ParamValidationError"),
        status=_status,
    )
    return ObjectPlace(storage, address, bucket, prefix.strip("/"), folder, policy)


def _file_system(connection: Connection | None) -> AbstractFileSystem:
    from s3fs import S3FileSystem

    config: dict[str, Any] = {"connect_timeout": 20, "read_timeout": 60, "retries": {"mode": "standard"}}
    client: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if connection is not None:
        config |= dict(connection.option("config_kwargs") or {})
        options["endpoint_url"] = connection.option("endpoint_url", "host") or None
        options["anon"] = connection.flag("anon", "anonymous")
        if connection.login:
            options |= {"key": connection.login, "secret": connection.password}
            options["token"] = connection.option("aws_session_token", "session_token")
        if region := connection.option("region_name"):
            client["region_name"] = region
        if connection.option("profile_name"):
            options["profile"] = connection.option("profile_name")
        verify = connection.option("verify")
        if verify is not None:
            client["verify"] = _verify(verify)
    return S3FileSystem(
        **{key: value for key, value in options.items() if value is not None},
        client_kwargs=client, config_kwargs=config, use_listings_cache=False, skip_instance_cache=True,
    )  # fmt: skip


def _verify(value: Any) -> bool | str:
    if isinstance(value, bool):
        return value
    return str(Path(str(value)).expanduser()) if str(value).lower() not in ("true", "false") else value == "true"


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return int(status) if status else None
