"""Where the local system keeps its things, and the secrets it made for itself."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse import settings as warehouse_settings

HOST = "127.0.0.1"
USER = "admin"


@dataclass(frozen=True, slots=True)
class StackSettings:
    """home: JOURNEYLINE_HOME. airflow: AIRFLOW_HOME below it. repository: root of the checkout."""

    home: Path
    airflow: Path
    repository: Path

    @property
    def dags(self) -> Path:
        return self.repository / "dags"

    @property
    def processes(self) -> Path:
        """Pid files of the running parts."""
        return self.airflow / "processes"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def secrets_file(self) -> Path:
        return self.airflow / "secrets.json"

    @property
    def passwords_file(self) -> Path:
        """What Airflow's simple auth manager reads."""
        return self.airflow / "passwords.json"


@dataclass(frozen=True, slots=True)
class StackSecrets:
    """Keys and ports, made once per home. The ports are kept so that a bookmark of the UI survives a restart."""

    fernet_key: str
    api_secret: str
    jwt_secret: str
    password: str
    api_port: int
    log_port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.api_port}"


def stack_settings() -> StackSettings:
    """The settings of this moment, from the same environment variables as every other room."""
    current = warehouse_settings()
    return StackSettings(home=current.home, airflow=current.home / "airflow", repository=current.repository)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
    draft.replace(path)


def stack_secrets(settings: StackSettings, *, renew_ports: bool = False) -> StackSecrets:
    """Read the secrets, or make them at the first call.

    renew_ports: pick other ports when somebody else has taken ours meanwhile (only while nothing of ours runs).
    """
    try:
        known = StackSecrets(**json.loads(settings.secrets_file.read_text()))
    except FileNotFoundError:
        known = None
    if known and not (renew_ports and not (_is_free(known.api_port) and _is_free(known.log_port))):
        return known
    api_port, log_port = _free_ports(2)
    made = StackSecrets(
        fernet_key=known.fernet_key if known else base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        api_secret=known.api_secret if known else secrets.token_urlsafe(32),
        jwt_secret=known.jwt_secret if known else secrets.token_urlsafe(64),
        password=known.password if known else secrets.token_urlsafe(12),
        api_port=api_port,
        log_port=log_port,
    )
    write_private(settings.secrets_file, json.dumps(asdict(made)))
    write_private(settings.passwords_file, json.dumps({USER: made.password}) + "\n")
    return made


def _free_ports(count: int) -> list[int]:
    """Free TCP ports on this machine, 8080 first, since that is where people look for Airflow."""
    found = [8080] if _is_free(8080) else []
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind((HOST, 0))
        found.append(int(probe.getsockname()[1]))
    for probe in probes:
        probe.close()
    return found[:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
