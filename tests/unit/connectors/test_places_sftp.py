"""SFTP as a place, against a real SSH server on 127.0.0.1."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from connectors.connections import Connection
from connectors.errors import CredentialsError, PlaceError, UnsafePathError
from connectors.places import open_place, sftp
from connectors.places.base import ExportFile, Place
from connectors.places.retrying import RetryPolicy, TransientPlaceError

NIGHT = dt.date(2026, 3, 1)
PATTERN = "orders/dt={date}/*.csv*"
HURRY = RetryPolicy(tries=4, first_seconds=0.01, longest_seconds=0.02)
PASSWORD = "correct-horse-battery"


class SshServer:
    """A server in a thread of its own. drop_after: bytes that are sent before the next connection is cut, once each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.drop_after: list[int] = []
        self.sent = 0
        self.logins = 0
        self.folders: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> SshServer:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()

    async def _listen(self) -> None:
        outer = self

        class Login(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                self.connection = conn

            def begin_auth(self, username: str) -> bool:
                self.connection.set_authorized_keys(
                    asyncssh.import_authorized_keys(outer.user_key.export_public_key().decode())
                )
                return True

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                outer.logins += 1
                return username == "loader" and password == PASSWORD

        class Files(asyncssh.SFTPServer):
            async def scandir(self, path: bytes) -> Any:
                outer.folders.append(path.decode())
                async for entry in super().scandir(path):
                    yield entry

            def read(self, file_obj: Any, offset: int, size: int) -> Any:
                data = super().read(file_obj, offset, size)
                outer.sent += len(data)
                if outer.drop_after and outer.sent >= outer.drop_after[0]:
                    outer.drop_after.pop(0)
                    outer.sent = 0
                    self.connection.abort()
                return data

        self._acceptor = await asyncssh.create_server(
            Login, "127.0.0.1", 0, server_host_keys=[self.key], sftp_factory=Files
        )
        self.port = self._acceptor.sockets[0].getsockname()[1]
        self._ready.set()

    def connection(self, **changes: Any) -> Connection:
        given = {"login": "loader", "password": PASSWORD, "extra": {"host_key": self.public_key}} | changes
        return Connection("drop", "sftp", **given)

    @property
    def public_key(self) -> str:
        return self.key.export_public_key().decode()

    def place(self, connection: Connection | None = None) -> Place:
        address = f"sftp://127.0.0.1:{self.port}{self.root}/drop"
        return open_place(address, connection or self.connection(), policy=HURRY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    root = tmp_path_factory.mktemp("sftp")
    with SshServer(root) as running:
        yield running


@pytest.fixture(scope="module")
def night(server: SshServer) -> Path:
    folder = server.root / "drop" / "shopify" / "orders" / "dt=2026-03-01"
    folder.mkdir(parents=True)
    for name, content in {"a.csv": b"id\n1\n", "b.csv.gz": b"\x1f\x8b", "_SUCCESS": b"", "note.txt": b"x"}.items():
        (folder / name).write_bytes(content)
    other = server.root / "drop" / "shopify" / "orders" / "dt=2026-02-28"
    other.mkdir()
    (other / "a.csv").write_bytes(b"id\n0\n")
    return folder


def read(place: Place, file: ExportFile) -> bytes:
    with place.open(file) as source:
        return b"".join(iter(lambda: source.read(1 << 20), b""))


def test_a_night_is_listed_and_read_and_other_nights_are_not_looked_at(server: SshServer, night: Path) -> None:
    server.folders.clear()
    place = server.place()
    found = place.find("shopify", PATTERN, NIGHT)
    assert [(file.name, file.size_bytes) for file in found] == [("a.csv", 5), ("b.csv.gz", 2)]
    assert read(place, found[0]) == b"id\n1\n"
    assert place.find("shopify", "orders/dt={date}/_SUCCESS", NIGHT)[0].size_bytes == 0
    assert place.find("shopify", PATTERN, dt.date(2026, 3, 2)) == []
    assert {folder for folder in server.folders if "2026-02-28" in folder} == set()
    os.utime(night / "a.csv", (1, 1))
    assert place.find("shopify", PATTERN, NIGHT)[0].version != found[0].version
    with pytest.raises(PlaceError, match="written again"):
        read(place, found[0])
    place.close()
    assert place.find("shopify", PATTERN, NIGHT), "a closed place can be used again"


def test_a_connection_that_drops_in_the_middle_is_made_again_and_reading_goes_on(
    server: SshServer, night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "READ_BYTES", 256 << 10)
    content = bytes(range(256)) * 16_384  # 4 MB
    (night / "large.csv").write_bytes(content)
    place = server.place()
    file = next(file for file in place.find("shopify", PATTERN, NIGHT) if file.name == "large.csv")
    logins, server.sent = server.logins, 0
    server.drop_after = [1_000_000, 1_500_000]
    assert read(place, file) == content
    assert server.drop_after == []
    assert server.logins == logins + 2
    (night / "large.csv").unlink()


def test_a_server_that_keeps_dropping_is_given_up(server: SshServer, night: Path) -> None:
    place = server.place()
    file = next(file for file in place.find("shopify", PATTERN, NIGHT) if file.name == "a.csv")
    server.sent, server.drop_after = 0, [1] * 8
    with pytest.raises(TransientPlaceError, match="connection failed"):
        read(place, file)
    assert len(server.drop_after) == 4, "four tries"
    server.drop_after = []


def test_an_unknown_host_key_is_refused_before_any_password_is_sent(
    server: SshServer, night: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logins = server.logins
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    empty = tmp_path / "known_hosts"
    empty.write_text("")
    for extra in ({"host_key": stranger}, {"known_hosts": str(empty)}):
        with pytest.raises(CredentialsError, match="host key is not the known one"):
            server.place(server.connection(extra=extra)).find("shopify", PATTERN, NIGHT)
    assert server.logins == logins
    empty.write_text(f"[127.0.0.1]:{server.port} {server.public_key}")
    assert server.place(server.connection(extra={"known_hosts": str(empty)})).find("shopify", PATTERN, NIGHT)
    with caplog.at_level(logging.WARNING):
        place = server.place(server.connection(extra={"no_host_key_check": True}))
        assert place.find("shopify", PATTERN, NIGHT)
    assert "host key is not checked" in caplog.text


def test_wrong_credentials_are_refused_once_and_not_shown(server: SshServer, night: Path) -> None:
    logins = server.logins
    wrong = server.connection(password="tr0ub4dor-and-3")
    with pytest.raises(CredentialsError, match="login was refused") as error:
        server.place(wrong).find("shopify", PATTERN, NIGHT)
    assert server.logins == logins + 1
    assert "tr0ub4dor" not in str(error.value) + repr(wrong)
    with pytest.raises(CredentialsError, match="login was refused"):
        server.place(
            server.connection(password="", extra={"host_key": server.public_key, "private_key": "no key"})
        ).find("shopify", PATTERN, NIGHT)


def test_a_private_key_lets_in(server: SshServer, night: Path) -> None:
    text = server.user_key.export_private_key("pkcs8-pem", passphrase="shh-quiet").decode()
    extra = {"host_key": server.public_key, "private_key": text, "private_key_passphrase": "shh-quiet"}
    assert server.place(server.connection(password="", extra=extra)).find("shopify", PATTERN, NIGHT)


def test_links_and_paths_that_lead_out_are_refused(server: SshServer, night: Path) -> None:
    (server.root / "secret.csv").write_bytes(b"top secret")
    (night / "link.csv").symlink_to(server.root / "secret.csv")
    try:
        with pytest.raises(UnsafePathError, match=r"link\.csv"):
            server.place().find("shopify", PATTERN, NIGHT)
    finally:
        (night / "link.csv").unlink()
    with pytest.raises(UnsafePathError):
        server.place().open(ExportFile("shopify", "../../secret.csv", 10))
    (night / "inside.csv").symlink_to(night / "a.csv")
    assert [file.name for file in server.place().find("shopify", PATTERN, NIGHT)] == ["a.csv", "b.csv.gz", "inside.csv"]
    (night / "inside.csv").unlink()


def test_nobody_listens() -> None:
    connection = Connection("drop", "sftp", login="loader", password=PASSWORD)
    with pytest.raises(TransientPlaceError, match=r"sftp://127\.0\.0\.1: the connection failed"):
        open_place("sftp://127.0.0.1:9/drop", connection, policy=HURRY).find("shopify", PATTERN, NIGHT)
