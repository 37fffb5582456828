"""Commands that work on files: link, suggest, evaluate, profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from resolution.errors import InputError, ResolutionError

app = typer.Typer(no_args_is_help=True)
Files = Annotated[list[Path], typer.Argument(help="CSV or Parquet files of person records.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _fail(error: ResolutionError) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(2)


@app.command()
def link(
    files: Files,
    config: Annotated[
        Path | None, typer.Option(help="Matching configuration; without one it is suggested from the file.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the clusters go, .csv or .parquet.")] = Path("clusters.csv"),
    as_json: Json = False,
) -> None:
    """Link person records of any files: one golden customer id per record, without labels."""
    from resolution.config import config_from_dict, load_config
    from resolution.linking import link_file, summary
    from resolution.suggestion import suggest_config
    from resolution.tables import read_tables

    try:
        if output.suffix.lower() not in (".csv", ".parquet", ".pq"):
            raise InputError(f"{output}: the output is written as .csv or .parquet; choose one of these endings")
        if config is None:
            import yaml

            text = suggest_config(read_tables(files), str(files[0]))
            settings = config_from_dict(yaml.safe_load(text), f"the configuration suggested for {files[0]}")
        else:
            settings = load_config(config)
        _, result = link_file(files, settings, output)
    except ResolutionError as error:
        raise _fail(error) from None
    figures = summary(result)
    if as_json:
        typer.echo(json.dumps({**figures, "output": str(output)}, indent=2))
        return
    typer.echo(f"{figures['records']} records → {figures['customers']} customers, written to {output}")
    typer.echo(
        f"compared {figures['pairs_compared']} pairs in {len(figures['passes'])} blocking passes; "
        f"threshold {figures['threshold']}"
    )
    if figures["expected_precision"] is not None:
        typer.echo(
            f"expected without labels: precision {figures['expected_precision']:.3f}, "
            f"recall {figures['expected_recall']:.3f} of pairs"
        )
    _table(["records per customer", "customers"], [[k, v] for k, v in list(figures["cluster_sizes"].items())[:12]])
    lost = [p for p in figures["passes"] if p["oversized_blocks"]]
    if lost:
        typer.echo("blocks above the size cap were left out (max_block_size):")
        _table(
            ["pass", "blocks", "records", "pairs not made"],
            [[p["pass"], p["oversized_blocks"], p["oversized_records"], p["lost_pairs"]] for p in lost],
        )


@app.command()
def suggest(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file of person records.")],
    output: Annotated[Path | None, typer.Option(help="Write the configuration here instead of printing it.")] = None,
) -> None:
    """Write a starting configuration for a file."""
    from resolution.suggestion import suggest_config
    from resolution.tables import read_table

    try:
        text = suggest_config(read_table(file), str(file))
    except ResolutionError as error:
        raise _fail(error) from None
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(f"written to {output}; check the types, then: python -m resolution link {file} --config {output}")


@app.command()
def evaluate(
    clusters: Annotated[Path, typer.Argument(help="What `link` wrote.")],
    truth: Annotated[Path, typer.Argument(help="File with the true person of each record.")],
    truth_column: Annotated[str, typer.Option(help="Column of the true person.")],
    record_id: Annotated[
        str | None, typer.Option(help="Record id column of the truth file; without one, rows in order.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare clusters with the truth: pairwise and B-cubed precision, recall, F1, and cluster sizes."""
    import polars as pl

    from resolution.evaluation import evaluate as compare
    from resolution.tables import read_table

    try:
        predicted, known = read_table(clusters), read_table(truth)
        wanted = [(truth, truth_column, known)] + ([(truth, record_id, known)] if record_id else [])
        for file, column, frame in [
            *wanted,
            (clusters, "record_id", predicted),
            (clusters, "golden_customer_id", predicted),
        ]:
            if column not in frame.columns:
                raise InputError(f"{file}: no column {column!r}; there are {', '.join(frame.columns)}")
        if record_id:
            right = known.select(pl.col(record_id).cast(str).alias("record_id"), pl.col(truth_column).alias("truth"))
            joined = predicted.with_columns(pl.col("record_id").cast(str)).join(
                right, on="record_id", how="inner", maintain_order="left"
            )
            if joined.height != predicted.height:
                raise InputError(
                    f"{predicted.height - joined.height} of {predicted.height} clustered records are not in {truth}"
                )
        elif known.height == predicted.height:
            joined = predicted.with_columns(known[truth_column].alias("truth"))
        else:
            raise InputError(
                f"{clusters} has {predicted.height} rows, {truth} {known.height}; name the id column with --record-id"
            )
        result = compare(joined["golden_customer_id"].to_numpy(), joined["truth"].to_numpy())
    except ResolutionError as error:
        raise _fail(error) from None
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2))
        return
    _table(
        ["measure", "precision", "recall", "F1"],
        [
            [
                "pairwise",
                *(f"{v:.4f}" for v in (result.pairwise_precision, result.pairwise_recall, result.pairwise_f1)),
            ],
            ["B-cubed", *(f"{v:.4f}" for v in (result.bcubed_precision, result.bcubed_recall, result.bcubed_f1))],
        ],
    )
    _table(
        ["", "true", "found"],
        [
            ["persons", result.true_clusters, result.predicted_clusters],
            ["largest", result.largest_true, result.largest_predicted],
            ["pairs", result.true_pairs, result.predicted_pairs],
            ["exactly right", "", result.exact_clusters],
        ],
    )


@app.command()
def profile(file: Annotated[Path, typer.Argument(help="CSV or Parquet file.")], as_json: Json = False) -> None:
    """Show how filled and how distinctive each column is, and which attribute type it suggests. Shows no values."""
    from resolution.suggestion import column_profiles, profile_rows
    from resolution.tables import read_table

    try:
        rows = profile_rows(column_profiles(read_table(file)))
    except ResolutionError as error:
        raise _fail(error) from None
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    _table(
        ["column", "filled", "different", "most usual value", "mean length", "type"],
        [
            [
                r["name"],
                f"{r['filled']:.1%}",
                r["distinct"],
                f"{r['largest_share']:.1%}",
                r["mean_length"],
                r["suggested"] or "-",
            ]
            for r in rows
        ],
    )


def _table(head: list[str], rows: list[list[Any]]) -> None:
    """Print aligned columns."""
    text = [[str(v) for v in row] for row in [head, *rows]]
    width = [max(len(row[i]) for row in text) for i in range(len(head))]
    for row in text:
        typer.echo("  " + "  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)).rstrip())
