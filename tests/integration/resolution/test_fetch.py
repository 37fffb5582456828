"""Tables of a night's reads, by arrays: what COPY gives, nulls and all."""

from __future__ import annotations

import pytest
from psycopg import sql

import warehouse

ROWS = """select case when i % 7 = 0 then null else md5(i::text)::uuid end,
                 case when i % 5 = 0 then null when i % 11 = 0 then '' else E'é,"\\n' || i end,
                 case when i % 3 = 0 then null else date '2020-01-01' + i end,
                 case when i % 4 = 0 then null else i % 2 = 0 end,
                 case when i % 6 = 0 then null else timestamptz '1999-12-31 23:59:59.123456Z' + i * interval '9 h' end,
                 (i / 3.0)::real, case when i % 9 = 0 then null else i / 7.0::float8 end, i::bigint
          from generate_series(1, {}) i order by i desc"""


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_arrays_and_copy_read_the_same_table(database: str, rows: int) -> None:
    import pyarrow as pa

    from resolution.store.bulk import copy_out, copy_out_arrays, fetch_arrays
    from resolution.store.fetch import fetch_table, key_type

    types = {
        "id": key_type(), "text": pa.string(), "day": pa.string(), "flag": pa.bool_(),
        "at": pa.timestamp("us", tz="UTC"), "weight": pa.float32(), "chance": pa.float64(), "number": pa.int64(),
    }  # fmt: skip
    query = sql.SQL(ROWS).format(sql.Literal(rows))
    numbers = sql.SQL("select number, weight from ({}) q(a, b, c, d, e, weight, f, number)").format(query)
    kinds = {"number": "int64", "weight": "float32"}
    with warehouse.connect() as connection:
        found = fetch_table(connection, query, types)
        copied = copy_out(connection, query, types | {"id": pa.string()}).combine_chunks()
        by_array, by_copy = (read(connection, numbers, kinds) for read in (fetch_arrays, copy_out_arrays))
    found.validate(full=True)
    # In CSV an empty text is quoted, a null is not, and Arrow tells them apart.
    assert found.to_pylist() == copied.to_pylist()
    for name in kinds:
        assert by_array[name].tolist() == by_copy[name].tolist() == copied[name].to_pylist()


def test_nulls_among_numbers_are_refused(database: str) -> None:
    from resolution.store.bulk import copy_out_arrays, fetch_arrays

    query = sql.SQL("select case when i <> 2 then i end as number from generate_series(1, 3) i")
    for read in (fetch_arrays, copy_out_arrays):
        with warehouse.connect() as connection, pytest.raises(ValueError, match="null"):
            read(connection, query, {"number": "int32"})
