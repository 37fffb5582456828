"""Where alerts go: the task's log, and the HTTP connection `journeyline_alerts` where there is one.

The connection is a webhook that takes {"text": ...}, as Slack, Mattermost and Teams workflows do. Either form works:
`AIRFLOW_CONN_JOURNEYLINE_ALERTS=https://hooks.example.com/services/…`, or in the UI type HTTP, the address as host.
An alert leaves the house: it names DAG, task, night and objects, never the text of an error, which may quote data.
"""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

CONNECTION = "journeyline_alerts"


def notify(text: str, level: int = logging.ERROR) -> None:
    """Log the text and post it. Never raises: an alert that cannot be sent must not hide what it speaks of."""
    log.log(level, text)
    try:
        from airflow.sdk import Connection

        connection = Connection.get(CONNECTION)
    except Exception:  # no such connection, or no way to ask: the log line is the alert
        log.info("no connection %s: the alert stays in this log", CONNECTION)
        return
    _post(webhook_address(connection), text)


def webhook_address(connection: Any) -> str:
    """The address that a connection means, whether it was written as one address or filled into the UI's form.

    Airflow's own `get_uri` quotes the slashes of the path, and puts a second scheme before a host that has one.
    """
    host, schema = connection.host or "", connection.schema or ""
    port = f":{connection.port}" if connection.port else ""
    if "://" in host:
        return f"{host.rstrip('/')}{port}" + (f"/{schema}" if schema not in ("", "http", "https") else "")
    if schema in ("http", "https"):
        return f"{schema}://{host}{port}"
    scheme = "http" if connection.conn_type == "http" else "https"
    return f"{scheme}://{host}{port}/{schema}"


def _post(address: str, text: str) -> None:
    """POST {"text": ...}. The address is a secret of its own: it is never logged."""
    import json
    import urllib.request

    headers = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(address, data=json.dumps({"text": text}).encode(), headers=headers)
        urllib.request.urlopen(request, timeout=10).close()
    except (OSError, ValueError) as error:
        log.warning("the alert could not be posted: %s", type(error).__name__)
