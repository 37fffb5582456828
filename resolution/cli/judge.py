"""Commands that judge linked files: evaluate; review and explain, whose commands are the warehouse's too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resolution.cli.link import FILES, Encoding, Json, Separator, Sheet, options
from resolution.cli.shared import plain_errors, print_table

if TYPE_CHECKING:
    import polars as pl

    from resolution.linkage import Linkage

app = typer.Typer(no_args_is_help=True)
Clusters = Annotated[Path, typer.Argument(help="What `link` wrote.")]


@app.command(rich_help_panel=FILES)
def evaluate(
    clusters: Clusters,
    truth: Annotated[
        Path | None,
        typer.Argument(help="File with the true person of records, or labelled pairs; else the linked files."),
    ] = None,
    truth_column: Annotated[str | None, typer.Option(help="Column of the true person.")] = None,
    record_id: Annotated[
        str | None, typer.Option(help="Record id column of the truth; by itself that of the linked files.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write figures and curves to this page.")] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Also teach with one half of the truth and measure on the other.")
    ] = False,
    encoding: Encoding = None,
    separator: Separator = None,
    sheet: Sheet = None,
    as_json: Json = False,
) -> None:
    """Compare clusters with the truth: pairwise and B-cubed precision, recall, F1, sizes, and curves over thresholds.

    The truth: a column (--truth-column) of a file, or of the linked files; or a CSV with left,right,verdict.
    """
    from resolution import judging

    with plain_errors():
        asked = judging.Question(clusters, truth, truth_column, record_id, options(encoding, separator, sheet))
        answer = judging.judge(asked, curve=html is not None, held_out=held_out)
        if html is not None:
            html.write_text(judging.as_page(answer, asked), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(answer.to_dict(), indent=2))
        return
    print_table(*_split(answer.measures()))
    if answer.persons is not None:
        typer.echo("")
        print_table(*_split(answer.counts()))
        typer.echo("")
        print_table(["records per customer", "true", "found"], [list(row) for row in answer.sizes[:15]])
    if answer.held_out is not None:
        typer.echo(f"\nlabels of one half ({answer.held_out.taught} taught), measured on the other:")
        print_table(
            ["", "precision", "recall", "F1", "threshold"],
            [
                ["without labels", *answer.held_out.without, f"{answer.held_out.threshold_without:g}"],
                ["with labels", *answer.held_out.with_labels, f"{answer.held_out.threshold_with:g}"],
            ],
        )
    if html is not None:
        typer.echo(f"\ncurves written to {html}")


def _split(rows: list[list[Any]]) -> tuple[list[str], list[list[Any]]]:
    return [str(v) for v in rows[0]], rows[1:]


def review_linked(clusters: Path, output: Path, limit: int, show_values: bool) -> None:
    """Write the pairs of linked files whose decision is worth most, and say what to do with them."""
    from resolution.linkage import load_linkage
    from resolution.review_files import review_table
    from resolution.tables import check_output, write_table

    with plain_errors():
        check_output(output)
        linkage = load_linkage(clusters)
        table = review_table(linkage, limit=limit, show_values=show_values)
        write_table(table, output)
    if not table.height:
        typer.echo(f"nothing to ask: no pair is doubtful. {output} is empty")
        return
    typer.echo(f"{table.height} pairs written to {output}, the most valuable answer first")
    _most_valuable(table)
    typer.echo("write `same` or `different` into the column verdict (leave the rest blank), then:")
    names = " ".join(str(file) for file in linkage.files)
    typer.echo(f"  python -m resolution link {names} --previous {clusters} --decisions {output} --output {clusters}")


def _most_valuable(table: pl.DataFrame) -> None:
    print_table(
        ["left", "right", "probability", "linked", "pairs", "value", "why"],
        [
            [
                r["left"],
                r["right"],
                r["match_probability"],
                "yes" if r["linked"] else "no",
                r["pairs"],
                r["value"],
                r["reason"],
            ]
            for r in table.head(8).iter_rows(named=True)
        ],
    )


def explain_files(
    clusters: Path, left: str | None, right: str | None, customer: str | None, show_values: bool, html: Path | None
) -> None:
    """Print, and write as a page, why records of linked files are one customer or two."""
    from resolution.explanation_files import explain_customer, explain_pair
    from resolution.linkage import load_linkage

    with plain_errors():
        linkage: Linkage = load_linkage(clusters)
        if customer:
            explanation = explain_customer(linkage, customer, show_values=show_values)
        elif left and right:
            explanation = explain_pair(linkage, left, right, show_values=show_values)
        else:
            raise typer.BadParameter("give two record ids, or --customer ID")
        if html is not None:
            html.write_text(explanation.html, encoding="utf-8")
    typer.echo(explanation.text)
    if html is not None:
        typer.echo(f"\nwritten to {html}")
