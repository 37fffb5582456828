"""Object storage as a place, each kind through its real client library against a local server."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from connectors.connections import Connection
from connectors.errors import CredentialsError, PlaceError, UnsafePathError
from connectors.places import objects, open_place
from connectors.places.base import ExportFile, Place
from connectors.places.retrying import RetryPolicy
from tests.unit.connectors.storage_servers import BUCKET, Blobs, Fault, Gate, Objects, s3_gate, served

NIGHT = dt.date(2026, 3, 1)
PATTERN = "orders/dt={date}/*.csv*"
HURRY = RetryPolicy(tries=4, first_seconds=0.01, longest_seconds=0.02)
SECRET = "c2VjcmV0LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTA="


@dataclass
class Store:
    """One kind of storage. place: opens it with a connection; put: writes an object."""

    gate: Gate
    scheme: str
    connection: Connection
    put: Callable[[str, bytes], None]

    def place(self, prefix: str = "nightly", connection: Connection | None = None, bucket: str = BUCKET) -> Place:
        return open_place(f"{self.scheme}://{bucket}/{prefix}", connection or self.connection, policy=HURRY)


@pytest.fixture(scope="module", params=["s3", "gs", "az"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "s3":
        import boto3

        gate = s3_gate()
        with served(gate) as address:
            extra = {"endpoint_url": address, "region_name": "us-east-1"}
            client = boto3.client(
                "s3", endpoint_url=address, aws_access_key_id="loader", aws_secret_access_key=SECRET,
                region_name="us-east-1",
            )  # fmt: skip
            client.create_bucket(Bucket=BUCKET)
            connection = Connection("exports", "aws", login="loader", password=SECRET, extra=extra)
            yield Store(gate, "s3", connection, lambda key, body: client.put_object(Bucket=BUCKET, Key=key, Body=body))
    elif request.param == "gs":
        bucket = Objects()
        gate = Gate(bucket)
        with served(gate) as address:
            connection = Connection("exports", "google_cloud_platform", extra={"endpoint_url": address, "anon": True})
            yield Store(gate, "gs", connection, bucket.objects.__setitem__)
    else:
        blobs = Blobs("loader")
        gate = Gate(blobs)
        with served(gate) as address:
            text = (
                f"DefaultEndpointsProtocol=http;AccountName=loader;AccountKey={SECRET};BlobEndpoint={address}/loader;"
            )
            connection = Connection("exports", "wasb", extra={"connection_string": text})
            yield Store(gate, "az", connection, blobs.blobs.__setitem__)


@pytest.fixture(autouse=True)
def _clean(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No faults are left over; the libraries' own pauses between tries (up to 15 s) are cut short."""
    if store.scheme == "gs":
        monkeypatch.setattr("gcsfs.retry.min", lambda *_: 0.01, raising=False)
    if store.scheme == "az":
        policies = "azure.storage.blob._shared.policies_async.ExponentialRetry"
        monkeypatch.setattr(f"{policies}.get_backoff_time", lambda *_: 0.01)
    store.gate.calls.clear()
    store.gate.faults.clear()


def read(place: Place, file: ExportFile) -> bytes:
    with place.open(file) as source:
        return b"".join(iter(lambda: source.read(1 << 20), b""))


def test_a_night_is_listed_and_read_and_nothing_else_is_asked_for(store: Store) -> None:
    for number in range(5):
        store.put(f"nightly/shopify/orders/dt=2026-03-01/part-{number}.csv", b"id\n%d\n" % number)
    store.put("nightly/shopify/orders/dt=2026-03-01/sub/deeper.csv", b"no")
    store.put("nightly/shopify/orders/dt=2026-03-01/_SUCCESS", b"")
    store.put("nightly/shopify/orders/dt=2026-02-28/part-0.csv", b"no")
    store.put("other/shopify/orders/dt=2026-03-01/part-0.csv", b"no")
    place = store.place()
    found = place.find("shopify", PATTERN, NIGHT)
    assert [file.path for file in found] == [f"orders/dt=2026-03-01/part-{number}.csv" for number in range(5)]
    assert {file.size_bytes for file in found} == {5}
    assert len({file.version for file in found}) == 5, "five contents, one version"
    assert read(place, found[3]) == b"id\n3\n"
    prefixes = {query["prefix"][0] for _, _, query, _ in store.gate.calls if "prefix" in query}
    assert prefixes
    assert all(prefix.startswith("nightly/shopify/orders/dt=2026-03-01") for prefix in prefixes), prefixes
    assert place.find("shopify", "orders/dt={date}/_SUCCESS", NIGHT)[0].name == "_SUCCESS"
    assert place.find("shopify", PATTERN, dt.date(2026, 3, 2)) == []


def test_a_changed_object_has_another_version_and_an_unchanged_one_the_same(store: Store) -> None:
    key = "versions/shopify/orders/dt=2026-03-01/a.csv"
    store.put(key, b"id\n1\n")
    (first,) = store.place("versions").find("shopify", PATTERN, NIGHT)
    (again,) = store.place("versions").find("shopify", PATTERN, NIGHT)
    assert first == again
    store.put(key, b"id\n2\n")
    (changed,) = store.place("versions").find("shopify", PATTERN, NIGHT)
    assert changed.version != first.version


def test_a_large_object_is_read_in_ranges_and_on_from_where_it_broke(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "RANGE_BYTES", 200_000)
    content = bytes(range(256)) * 4_000  # 1 MB
    store.put("large/shopify/orders/dt=2026-03-01/all.csv", content)
    place = store.place("large")
    (file,) = place.find("shopify", PATTERN, NIGHT)
    store.gate.calls.clear()
    store.gate.faults += [Fault(None, path="all.csv"), Fault(503, path="all.csv", body=b"<Error/>")]
    assert read(place, file) == content
    assert all(fault.times == 0 for fault in store.gate.faults)
    assert len([call for call in store.gate.calls if call[0] == "GET" and "all.csv" in call[1]]) >= 8
    store.put("large/shopify/orders/dt=2026-03-01/all.csv", content[::-1])
    with pytest.raises(PlaceError, match=r"written again|sent"):
        read(place, file)


def test_throttling_is_waited_out(store: Store) -> None:
    store.put("busy/shopify/orders/dt=2026-03-01/a.csv", b"id\n1\n")
    body = (
        b'{"error": {"code": 429, "message": "slow down"}}'
        if store.scheme == "gs"
        else b"<Error><Code>SlowDown</Code></Error>"
    )
    status = 503 if store.scheme == "s3" else 429
    place = store.place("busy")
    store.gate.faults.append(Fault(status, times=2, body=body, path="prefix", headers=(("Retry-After", "0"),)))
    assert len(place.find("shopify", PATTERN, NIGHT)) == 1
    assert store.gate.faults[0].times == 0


def test_a_wrong_bucket_and_refused_credentials_say_so_without_secrets(store: Store) -> None:
    with pytest.raises(PlaceError, match="no such bucket") as wrong:
        store.place(bucket="acme-exprots").find("shopify", PATTERN, NIGHT)
    body = b'{"error": {"code": 403, "message": "denied"}}' if store.scheme == "gs" else (
        b"<Error><Code>AccessDenied</Code><Message>denied</Message></Error>"
    )  # fmt: skip
    store.gate.faults.append(Fault(403, times=20, body=body))
    with pytest.raises(CredentialsError, match=r"access was refused.*Check the connection") as refused:
        store.place().find("shopify", PATTERN, NIGHT)
    for error in (wrong.value, refused.value):
        assert SECRET not in str(error)
        assert error.__cause__ is None
    assert store.gate.faults[0].times > 15, "a refusal was tried again and again"


def test_paths_that_lead_out_are_refused(store: Store) -> None:
    store.put("unsafe/shopify/orders/dt=2026-03-01/..", b"x")
    with pytest.raises(UnsafePathError):
        store.place("unsafe").find("shopify", "orders/dt={date}/*", NIGHT)
    with pytest.raises(UnsafePathError):
        store.place("unsafe").open(ExportFile("shopify", "../other/orders.csv", 3))


def test_reading_needs_little_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "RANGE_BYTES", 1 << 20)
    store.put("memory/shopify/orders/dt=2026-03-01/all.csv", b"x" * (24 << 20))
    place = store.place("memory")
    (file,) = place.find("shopify", PATTERN, NIGHT)
    size, peak = 0, 0
    with place.open(file) as source:
        size += len(source.read(1 << 20))
        tracemalloc.start()
        while chunk := source.read(1 << 20):
            size += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size == 24 << 20
    if store.scheme == "s3":  # the others' servers keep and copy their objects in this process
        assert peak < 40 << 20


def test_azure_needs_to_know_the_account() -> None:
    with pytest.raises(CredentialsError, match="name of the storage account"):
        open_place("az://box/nightly", Connection("exports", "wasb"), policy=HURRY).find("shopify", PATTERN, NIGHT)
