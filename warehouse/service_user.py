"""PostgreSQL refuses to run as root: root hands it to a service user. A normal user runs it as itself."""

from __future__ import annotations

import logging
import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

from warehouse.errors import ServerError

log = logging.getLogger(__name__)

# The first is what the wheel's own helpers use; the others exist where users cannot be added.
CANDIDATES = ("pgserver", "postgres", "nobody")


def service_user() -> pwd.struct_passwd | None:
    """The account that runs the server: None = this process's own account."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(CANDIDATES[0])
    except KeyError:
        pass
    added = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", CANDIDATES[0]], capture_output=True, text=True
    )
    if added.returncode != 0:
        log.info("no account %s could be added; looking for another one", CANDIDATES[0])
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError(
        "The embedded server cannot run as root and no service account could be added. "
        "Run as a normal user, or add an account named pgserver, or set JOURNEYLINE_WAREHOUSE_URL."
    )


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for subprocess that switch to the account."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own(path: Path, user: pwd.struct_passwd | None) -> None:
    """Give a file or folder to the account."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def make_reachable(path: Path, user: pwd.struct_passwd | None) -> None:
    """Let the account walk to `path`: adds the right to pass through (never to list) to folders above that lack it."""
    if user is None:
        return
    for folder in [*reversed(path.parents)]:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and folder.stat().st_uid != user.pw_uid:
            log.info("letting the server's account pass through %s", folder)
            folder.chmod(mode | stat.S_IXOTH)
