"""Exports on an SSH server: `sftp://host:port/absolute/folder`.

Connection (Airflow type `sftp` or `ssh`): login, password; extra: `private_key` (its text) or `key_file`,
`private_key_passphrase`, `host_key` (`ssh-ed25519 AAAA…`), or `known_hosts` (a file; default ~/.ssh/known_hosts),
`no_host_key_check: true`. The server's key is always checked unless that is switched off: unlike Airflow's own hook,
which does not check by default.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import stat
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urlsplit

from connectors.connections import Connection
from connectors.errors import CredentialsError, PlaceError, UnsafePathError
from connectors.places.base import ExportFile, checked_path, filled, joined, walk
from connectors.places.retrying import ResumingStream, RetryPolicy, TransientPlaceError

log = logging.getLogger(__name__)
T = TypeVar("T")
READ_BYTES = 4 << 20  # one read is sent as many requests at once
CONNECT_SECONDS = 20
ANSWER_SECONDS = 120


class SftpPlace:
    """A folder on an SSH server. Files reached through links are read only when they lie inside of it."""

    def __init__(
        self, address: str, connection: Connection | None, folder: str | None = None, policy: RetryPolicy | None = None
    ) -> None:
        parts = urlsplit(address)
        self._connection = connection
        self._host = parts.hostname or (connection.host if connection else "")
        self._port = parts.port or (connection.port if connection else None) or 22
        self._root = "/" + unquote(parts.path).strip("/")
        self._folder, self._policy = folder, policy or RetryPolicy()
        self._runner: asyncio.Runner | None = None
        self._client: Any = None
        self._ssh: Any = None
        self._real_root = ""

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        wanted = filled(pattern, export_date)
        return self._policy.run(lambda: self._find(platform, wanted))

    def open(self, file: ExportFile) -> BinaryIO:
        path = checked_path(file.path)
        return cast("BinaryIO", ResumingStream(lambda offset: self._read(file, path, offset), self._policy, path))

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        port = f":{self._port}" if self._port != 22 else ""
        return f"sftp://{self._host}{port}/{joined(self._base(platform), filled(pattern, export_date))}"

    def close(self) -> None:
        ssh, runner = self._ssh, self._runner
        self._client = self._ssh = self._runner = None
        if ssh is not None:
            ssh.abort()
        if runner is not None:
            runner.close()

    def _base(self, platform: str) -> str:
        return "/" + joined(self._root, platform if self._folder is None else self._folder)

    def _find(self, platform: str, wanted: str) -> list[ExportFile]:
        base = self._base(platform)

        def entries(folder: str) -> list[tuple[str, bool]]:
            return self._run(self._entries("/" + joined(base, folder)))

        found = []
        for path in walk(wanted, entries):
            state = self._run(self._state("/" + joined(base, checked_path(path))))
            if state is not None:
                found.append(ExportFile(platform, path, *state))
        return sorted(found, key=lambda file: file.path)

    async def _entries(self, folder: str) -> list[tuple[str, bool]]:
        """Names in a folder; a folder that is not there has none."""
        import asyncssh

        client = await self._connected()
        found = []
        try:
            async for entry in client.scandir(folder):
                name = str(entry.filename)
                mode = entry.attrs.permissions or 0
                if stat.S_ISLNK(mode):
                    mode = await self._mode_behind(f"{folder}/{name}")
                if name not in (".", ".."):
                    found.append((name, stat.S_ISDIR(mode)))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
            return []
        return found

    async def _mode_behind(self, path: str) -> int:
        import asyncssh

        try:
            return int((await self._client.stat(path)).permissions or 0)
        except asyncssh.SFTPError:
            return 0  # a link to nowhere

    async def _state(self, path: str) -> tuple[int, str] | None:
        """Size and version of a regular file inside the root; None for anything else."""
        client = await self._connected()
        await self._inside(path)
        attributes = await client.stat(path)
        if not stat.S_ISREG(attributes.permissions or stat.S_IFREG):
            return None
        return int(attributes.size or 0), f"{attributes.mtime}-{attributes.size}"

    async def _inside(self, path: str) -> None:
        real = str(await self._client.realpath(path))
        if not (real + "/").startswith(self._real_root.rstrip("/") + "/"):
            raise UnsafePathError(
                f"{path.rsplit('/', 1)[-1]}: a link leads out of the exports folder and is not read."
                " Put the file itself into the folder."
            )

    def _read(self, file: ExportFile, path: str, offset: int) -> Iterator[bytes]:
        full = "/" + joined(self._base(file.platform), path)
        handle = self._run(self._opened(full, file))
        try:
            while offset < file.size_bytes:
                chunk = self._run(handle.read(min(READ_BYTES, file.size_bytes - offset), offset))
                if not chunk:
                    raise PlaceError(f"{path}: became shorter while it was read. Pull this date again.")
                yield chunk
                offset += len(chunk)
        finally:
            if self._client is not None:
                self._run(handle.close())

    async def _opened(self, full: str, file: ExportFile) -> Any:
        client = await self._connected()
        await self._inside(full)
        handle = await client.open(full, "rb")
        attributes = await handle.stat()
        if f"{attributes.mtime}-{attributes.size}" != file.version:
            raise PlaceError(f"{file.path}: was written again after it was listed. Pull this date again.")
        return handle

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one conversation with the server; what goes wrong is told apart into refused, wrong, and try again."""
        import asyncssh

        if self._runner is None:
            self._runner = asyncio.Runner()
        where = f"sftp://{self._host}"
        try:
            return self._runner.run(_limited(work))
        except asyncssh.HostKeyNotVerifiable:
            raise CredentialsError(
                f"{where}: the server's host key is not the known one, so nothing was sent to it. If it was renewed,"
                " write the new key as host_key into the connection's extra, or into known_hosts."
            ) from None
        except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise CredentialsError(
                f"{where}: the login was refused ({type(error).__name__}). Check login, password and key of the"
                " connection."
            ) from None
        except asyncssh.SFTPPermissionDenied:
            raise PlaceError(f"{where}: the account may not read there. Ask for the right to list and read.") from None
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise PlaceError(f"{where}: a file or folder is no longer there. Pull this date again.") from None
        except (asyncssh.Error, OSError, TimeoutError, EOFError) as error:
            self._forget()
            raise TransientPlaceError(f"{where}: the connection failed ({type(error).__name__}).") from None

    def _forget(self) -> None:
        """Drop a connection that broke; the next call makes a new one."""
        if self._ssh is not None:
            self._ssh.abort()
        self._client = self._ssh = None

    async def _connected(self) -> Any:
        if self._client is None:
            import asyncssh

            logging.getLogger("asyncssh").setLevel(logging.WARNING)
            self._ssh = await asyncssh.connect(
                self._host, self._port, config=None, agent_path=None, login_timeout=CONNECT_SECONDS,
                connect_timeout=CONNECT_SECONDS, **self._credentials(),
            )  # fmt: skip
            self._client = await self._ssh.start_sftp_client()
            self._real_root = str(await self._client.realpath(self._root))
        return self._client

    def _credentials(self) -> dict[str, Any]:
        import asyncssh

        connection = self._connection
        if connection is None or not connection.login:
            raise CredentialsError(f"sftp://{self._host}: name a connection with a login in sources.yml.")
        options: dict[str, Any] = {"username": connection.login, "client_keys": None}
        passphrase = connection.option("private_key_passphrase")
        if text := connection.option("private_key"):
            options["client_keys"] = [asyncssh.import_private_key(str(text), passphrase)]
        elif path := connection.option("key_file"):
            options["client_keys"] = [asyncssh.read_private_key(str(Path(str(path)).expanduser()), passphrase)]
        if connection.password and options["client_keys"] is None:
            options["password"] = connection.password
        if connection.flag("no_host_key_check"):
            log.warning("sftp://%s: the host key is not checked (no_host_key_check)", self._host)
            options["known_hosts"] = None
        elif key := connection.option("host_key"):
            text = str(key).strip()
            options["known_hosts"] = ([asyncssh.import_public_key(text if " " in text else f"ssh-rsa {text}")], [], [])
        elif known := connection.option("known_hosts"):
            options["known_hosts"] = str(Path(str(known)).expanduser())
        return options


async def _limited(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(ANSWER_SECONDS):
        return await work
