"""Review tools: who a reviewer is, and keys of exports that have none (platforms.md, sections 17 and 18).

reviewer_id        md5 of the lower-case e-mail: one person has one id in all objects, and no key holds an address;
                   without an e-mail the reviewer is known by this review only
product_reference  product id, else its handle (the contract's sources); `shop` for reviews of the shop
request_id         a mail that asked for a review, by order, receiver, product, type and number of the reminder
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_EMAILS = ("reviewer_email", "email", "email_address", "user_email")
_ALONE = (("id",), ("reviewer_name", "product_reference", "review_date"))
_REQUEST = ("order_id", "email_address", "product_id", "email_type", "reminder_num")


def _joined(names: tuple[str, ...]) -> str:
    return f"concat_ws(chr(31), {', '.join(f'''coalesce({name}, '')''' for name in names)})"


class ReviewerKeys:
    """Fills reviewer_id, product_reference and request_id, those of them that the object has."""

    needs_content = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __call__(self, cells: pa.Table) -> pa.Table:
        columns = set(cells.column_names)
        email = next(name for name in _EMAILS if name in columns)
        known = f"md5(lower(trim({email})))"
        alone = next((names for names in _ALONE if columns.issuperset(names)), None)
        made = {"reviewer_id": f"coalesce({known}, 'review:' || md5({_joined(alone)}))" if alone else known}
        if "product_reference" in columns:
            made["product_reference"] = "coalesce(product_reference, 'shop')"
        if "request_id" in columns:
            made["request_id"] = f"md5({_joined(_REQUEST)})"
        replaced = ", ".join(f"{expression} as {name}" for name, expression in made.items())
        self.connection.register("cells_block", cells)
        sql = f"select * replace ({replaced}) from cells_block"  # noqa: S608 - names and expressions of our own
        table = self.connection.sql(sql).to_arrow_table()
        self.connection.unregister("cells_block")
        return table


transform = ReviewerKeys
