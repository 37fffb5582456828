"""Alerts: where a connection points, and that nothing about an alert can fail the task that sends it."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from dags._alerts import _post, webhook_address


def connection(**parts: object) -> SimpleNamespace:
    return SimpleNamespace(**{"conn_type": "http", "host": None, "schema": None, "port": None} | parts)


@pytest.mark.parametrize(
    ("parts", "address"),
    [
        # AIRFLOW_CONN_JOURNEYLINE_ALERTS=https://hooks.example.com/services/T1/B2/x3, as Airflow reads it
        (
            {"conn_type": "https", "host": "hooks.example.com", "schema": "services/T1/B2/x3"},
            "https://hooks.example.com/services/T1/B2/x3",
        ),
        ({"host": "127.0.0.1", "port": 8065, "schema": "hooks/abc"}, "http://127.0.0.1:8065/hooks/abc"),
        # filled into the form of the UI
        ({"host": "https://hooks.example.com/services/T1"}, "https://hooks.example.com/services/T1"),
        ({"host": "https://hooks.example.com/x", "schema": "https"}, "https://hooks.example.com/x"),
        ({"host": "hooks.example.com", "schema": "https"}, "https://hooks.example.com"),
    ],
)
def test_a_connection_means_one_address(parts: dict[str, object], address: str) -> None:
    assert webhook_address(connection(**parts)) == address


def test_an_alert_is_posted_as_json() -> None:
    received: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        _post(f"http://127.0.0.1:{server.server_address[1]}/services/x", "Nacht – not done")
        thread.join(10)
    assert received == [("/services/x", {"text": "Nacht – not done"})]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/secret-token", "no address at all/secret-token"])
def test_a_webhook_that_is_down_hides_nothing_and_its_address_stays_secret(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        _post(address, "text")
    assert "could not be posted" in caplog.text
    assert "secret-token" not in caplog.text
