"""SQL expressions (DuckDB) over text cells: cleaners by name, and casts that give NULL instead of an error.

Every expression takes a column expression and returns one; values never become part of a statement.
"""

from __future__ import annotations

from connectors.contracts import Column


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


# An id that a spreadsheet has written like 7.21045E+12: its last digits are lost.
LOST_DIGITS = r"^-?\d([.,]\d+)?E\+\d+$"
# Amounts: a sign before or behind the currency, or parentheses as accountants write them; then currency and blanks.
_SIGN = r"[^0-9.,\-]*-?[^0-9.,\-]*"
_UNIT = r"[^0-9.,\-]*"
_MINUS = r"case when contains({0}, '-') or regexp_full_match({0}, '\s*\(.*\)\s*') then '-' else '' end"
CLEANERS = {
    # Shopify writes '+39 333…, '75008, '7210… so that spreadsheets keep them as text.
    "apostrophe": "ltrim({0}, '''')",
    # 14075.0 → 14075: an id that went through a column of floating-point numbers.
    "decimal_id": (
        r"case when ends_with({0}, '0') and regexp_full_match({0}, '\d+\.0+')"
        " then split_part({0}, '.', 1) else {0} end"
    ),
    # l:111222333, p:+61…, z:…: Meta marks the kind of a value.
    "meta_prefix": r"regexp_replace({0}, '^[a-z]{{1,2}}:', '')",
    # 0011G00000eM9wv → 0011G00000eM9wvQAC: reports give 15 characters, the API 18. Each of the last three says which of
    # five characters are capitals, so that tools that ignore case keep ids apart.
    "salesforce_id": (
        "case when regexp_full_match({0}, '[0-9A-Za-z]{{15}}') then {0} || list_aggregate("
        "list_transform(range(0, 15, 5), lambda b: substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + list_sum("
        "list_transform(range(0, 5), lambda i: case when substr({0}, (b + i + 1)::bigint, 1) between 'A' and 'Z'"
        " then 1 << i else 0 end))::bigint, 1)), 'string_agg', '') else {0} end"
    ),
    # gid://shopify/LineItem/123?…: Shopify's GraphQL writes an id with its kind.
    "gid": r"case when starts_with({0}, 'gid://') then regexp_extract({0}, '/([^/?]+)(\?.*)?$', 1) else {0} end",
    # € 1,234.50 → 1234.50; anything that is not plainly such an amount stays as it is, and is rejected by the cast.
    "money": (
        "case when try_cast({0} as double) is not null then {0}"
        rf" when regexp_full_match({{0}}, '{_SIGN}(\d+|\d{{{{1,3}}}}([,\x{{{{a0}}}} ]\d{{{{3}}}})+)(\.\d+)?{_UNIT}')"
        rf" then {_MINUS} || regexp_replace({{0}}, '[^0-9.]', '', 'g') else {{0}} end"
    ),
    # 1.234,50 € → 1234.50: where the decimal mark is a comma. Not told by itself: 1,234 would be a guess.
    "decimal_comma": (
        rf"case when regexp_full_match({{0}}, '{_SIGN}(\d+|\d{{{{1,3}}}}([.\x{{{{a0}}}} ]\d{{{{3}}}})+)(,\d+)?{_UNIT}')"
        rf" then {_MINUS} || replace(regexp_replace({{0}}, '[^0-9,]', '', 'g'), ',', '.') else {{0}} end"
    ),
}


def cleaned(expression: str, column: Column) -> str:
    """The cell after the column's cleaners. Blank becomes NULL, unless the contract says keep_blank."""
    value = f"nullif({expression}, '')" if column.type == "text" else f"nullif(trim({expression}), '')"
    if "keep_blank" in column.clean:
        value = expression
    for name in column.clean:
        if name != "keep_blank":
            value = CLEANERS[name].format(f"({value})")
    return f"nullif({value}, '')" if column.clean and "keep_blank" not in column.clean else value


def is_quick(column: Column) -> bool:
    """Has the column's type a usual spelling, that is tried before all others?"""
    return column.type == "date" or (column.type == "timestamptz" and column.time_zone == "UTC")


def typed(expression: str, column: Column, *, quick: bool = False) -> str:
    """The cell as the column's type; NULL when it does not fit. quick: try the usual spelling only (see is_quick)."""
    kind = column.type
    if quick:
        return f"try_cast({expression} as {kind})"
    if kind == "text":
        return expression
    if kind in ("integer", "bigint", "smallint"):
        return _whole(expression, kind)
    if kind == "boolean":
        return (
            f"case lower({expression}) when 'true' then true when 'false' then false when 'yes' then true"
            " when 'no' then false when '1' then true when '0' then false when 't' then true when 'f' then false"
            " when 'y' then true when 'n' then false end"
        )
    if kind == "jsonb":
        return f"case when json_valid({expression}) then {expression} else to_json({expression})::varchar end"
    if kind == "timestamptz":
        return _instant(expression, column.time_zone)
    if kind == "timestamp":
        return f"timezone({literal(column.time_zone)}, {_instant(expression, column.time_zone)})"
    if kind == "date":
        instant = _instant(expression, column.time_zone)
        return f"coalesce(try_cast({expression} as date), timezone({literal(column.time_zone)}, {instant})::date)"
    if kind == "double precision":
        return f"case when isfinite(try_cast({expression} as double)) then try_cast({expression} as double) end"
    return f"try_cast({expression} as {kind.replace('numeric', 'decimal')})"


def _whole(expression: str, kind: str) -> str:
    """Whole numbers only: the engine's own cast would round 5.5, and read 1_000 and 0x1F."""
    return (
        f"case when regexp_full_match({expression}, '[+-]?[0-9]+') then try_cast({expression} as {kind})"
        rf" when regexp_full_match({expression}, '[+-]?[0-9]+\.0*')"
        f" then try_cast(split_part({expression}, '.', 1) as {kind}) end"
    )


def _instant(v: str, zone: str) -> str:
    """Every spelling of a time that can stand in one column; later ones are tried only where earlier ones fail.

    ISO 8601 with T or blank, zone Z, +00:00, +0000, UTC, or blank and offset; without zone: in `zone`; yyyymmdd; unix
    seconds, milliseconds, microseconds; m/d/yyyy with 12 or 24 hours; Excel serial days since 1899-12-30.
    """
    digits = rf"regexp_full_match({v}, '-?\d{{9,11}}(\.\d+)?')"
    iso = f"try_cast({v} as timestamptz)"
    if zone != "UTC":  # the engine reads a missing zone as UTC
        has_zone = rf"regexp_matches({v}, '(Z|[+-]\d\d:?(\d\d)?|[A-Z]{{3,4}})$')"
        plain = _local(f"try_cast({v} as timestamp)", zone)
        iso = f"case when {has_zone} and contains({v}, ':') then try_cast({v} as timestamptz) else {plain} end"
    spaced = rf"try_cast(regexp_replace({v}, '\s+([+-]\d\d):?(\d\d)$', '\1:\2') as timestamptz)"
    american = (
        f"try_strptime({v}, ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %I:%M %p', '%m/%d/%Y %H:%M:%S',"
        " '%m/%d/%Y %H:%M', '%m/%d/%Y'])"
    )
    days = f"(timestamp '1899-12-30' + to_microseconds(round(try_cast({v} as double) * 86400000) ::bigint * 1000))"
    return (
        f"coalesce({iso}, case when ascii({v}) between 48 and 57 or ascii({v}) = 45 then coalesce("
        f"case when contains({v}, ' ') then {spaced} end,"
        rf" case when regexp_full_match({v}, '(19|20)\d{{6}}') then {_local(f'try_strptime({v}, $$%Y%m%d$$)', zone)}"
        f" when {digits} then to_timestamp(try_cast({v} as double))"
        rf" when regexp_full_match({v}, '\d{{12,14}}') then make_timestamptz(try_cast({v} as bigint) * 1000)"
        rf" when regexp_full_match({v}, '\d{{15,17}}') then make_timestamptz(try_cast({v} as bigint))"
        rf" when regexp_full_match({v}, '[2-6]\d{{4}}(\.\d+)?') then {_local(days, zone)}"
        f" when contains({v}, '/') then {_local(american, zone)} end) end)"
    )


def _local(time: str, zone: str) -> str:
    """The instant of a local time. When clocks go back an hour comes twice: the first one counts (the engine's own
    choice is the second). An hour that clocks skip is read with the offset before the change: 02:30 becomes 03:30.
    """
    name = literal(zone)
    if zone == "UTC":
        return f"timezone({name}, {time})"
    instant = f"timezone({name}, {time})"
    earlier = f"({instant} - interval '1 hour')"
    return f"case when timezone({name}, {earlier}) = {time} then {earlier} else {instant} end"
