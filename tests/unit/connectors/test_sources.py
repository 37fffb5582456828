"""sources.yml: what it says, and what is said when it says something wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.catalogue import active_platforms, platforms
from connectors.contracts import find_object
from connectors.errors import CredentialsError, SourcesError
from connectors.sources import source_at, source_of


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    def written(text: str) -> Path:
        path = tmp_path / "sources.yml"
        path.write_text(text)
        monkeypatch.setenv("JOURNEYLINE_SOURCES", str(path))
        return path

    return written


def test_without_a_file_every_contract_is_read_from_the_exports_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNEYLINE_SOURCES", raising=False)
    assert active_platforms() == platforms()
    assert source_of("shopify").address is None
    assert source_of("shopify").kind == "local folder"


def test_sources_say_where_each_platform_lies(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write("""
shopify:
  place: s3://acme-exports/nightly
  connection: shopify_exports
  folder: "."
  files: {customers_export: "customers/{yyyy}/{mm}/{dd}.csv"}
  delivery: {marker: _SUCCESS, look_back_days: 3}
zendesk: {api: true}
instagram: {place: drop/instagram}
point_of_sale:
""")
    assert active_platforms() == ["instagram", "point_of_sale", "shopify", "zendesk"]
    shopify, customers = source_of("shopify"), find_object("shopify", "customers_export")
    assert (shopify.kind, shopify.connection, shopify.where) == ("S3", "shopify_exports", "s3://acme-exports/nightly")
    assert shopify.patterns_of(customers) == ["customers/{yyyy}/{mm}/{dd}.csv"]
    assert shopify.patterns_of(find_object("shopify", "orders_export"))[0].startswith("orders_export/dt=")
    assert shopify.delivery_of(customers).marker == "_SUCCESS"
    assert shopify.delivery_of(customers).look_back_days == 3
    assert (source_of("zendesk").kind, source_of("zendesk").where) == ("API", "API (zendesk)")
    assert source_of("instagram").address == str(tmp_path / "drop" / "instagram")
    with pytest.raises(SourcesError, match="does not name youtube"):
        source_of("youtube")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shopfy: {}", r"sources\.yml: shopfy: there is no contract of this name; there are .*shopify"),
        ("shopify: {plase: x}", r"sources\.yml: shopify\.plase: is not a key of sources\.yml; correct its spelling"),
        ("shopify: here", r"sources\.yml: shopify: must be a mapping, like \{place:"),
        ("shopify: {place: 'ftp://host/x'}", r"shopify\.place: ftp://: exports cannot be read from such an address"),
        ("shopify: {place: 'sftp://me:secret@host/x'}", r"credentials do not belong into the address"),
        ("shopify: {place: 's3://'}", r"name the bucket or host"),
        ("shopify: {place: 'sftp://host/x'}", r"an sftp place needs connection"),
        ("shopify: {place: folder, connection: x}", r"a folder needs no connection"),
        ("shopify: {api: true, place: x}", r"api and place exclude each other"),
        ("point_of_sale: {api: true}", r"point_of_sale\.api: there is no API of point_of_sale here"),
        ("shopify: {folder: ../x}", r"shopify\.folder: must lie below the place"),
        ("shopify: {files: {orders: 'x/{date}.csv'}}", r"files\.orders: the contract has no such object"),
        ("shopify: {files: {customers_export: x.csv}}", r"files\.customers_export: must name the export date"),
        ("shopify: {files: {customers_export: '../{date}.csv'}}", r"must stay inside the platform's folder"),
        ("shopify: {delivery: {newest_by: x}}", r"shopify\.delivery\.newest_by: has no group named created"),
        ("shopify: {delivery: {marker: ../x}}", r"shopify\.delivery\.marker: must stay inside"),
        ("shopify: {place: 's3://b/x', options: {index: y}}", r"options: 'index' is not known here"),
        ("shopify: {", r"sources\.yml: is not valid YAML"),
        ("", r"sources\.yml: name the platforms that are used here"),
    ],
)
def test_a_wrong_file_is_explained(write, text: str, message: str) -> None:  # type: ignore[no-untyped-def]
    write(text)
    with pytest.raises(SourcesError, match=message) as error:
        source_of("shopify")
        source_of("point_of_sale")
    assert "secret" not in str(error.value)


def test_a_missing_connection_is_said_when_files_are_asked_for(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    import datetime as dt

    monkeypatch.delenv("AIRFLOW_CONN_NOWHERE", raising=False)
    write("shopify: {place: 's3://acme/x', connection: nowhere}")
    place = source_of("shopify").open()
    with pytest.raises(CredentialsError, match="There is no connection 'nowhere': set AIRFLOW_CONN_NOWHERE"):
        place.find("shopify", "x/{date}.csv", dt.date(2026, 3, 1))


def test_an_address_given_by_hand() -> None:
    assert source_at("zendesk", "api://helpdesk").connection == "helpdesk"
    assert source_at("zendesk", "gs://box/x").kind == "Google Cloud Storage"


def test_airflow_connections_come_from_the_environment_as_address_and_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.connections import find_connection

    monkeypatch.setenv("AIRFLOW_CONN_DROP", "sftp://loader:p%40ss@files.example:2222/?host_key=ssh-ed25519%20AAAA")
    found = find_connection("drop")
    assert (found.login, found.password, found.host, found.port) == ("loader", "p@ss", "files.example", 2222)
    assert found.option("host_key") == "ssh-ed25519 AAAA"
    assert "p@ss" not in repr(found)
    json_form = '{"conn_type": "aws", "login": "k", "password": "hidden", "extra": {"endpoint_url": "http://s3"}}'
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json_form)
    assert find_connection("store").option("endpoint_url") == "http://s3"
    monkeypatch.setenv("AIRFLOW_CONN_STORE", '{"conn_type": "aws", "password": "hidden", "extra": "no json hidden"}')
    with pytest.raises(CredentialsError, match="its extra is not JSON") as error:
        find_connection("store")
    assert "hidden" not in str(error.value)
