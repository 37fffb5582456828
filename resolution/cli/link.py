"""Commands that link files: profile, suggest, link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resolution.cli.shared import plain_errors, print_table, progress

if TYPE_CHECKING:
    from resolution.files import FileLinkage
    from resolution.tables import ReadOptions

app = typer.Typer(no_args_is_help=True)
FILES = "Files"
FileArgument = Annotated[list[Path], typer.Argument(help="CSV, Parquet, JSON lines or Excel files of person records.")]
OneFile = Annotated[Path, typer.Argument(help="CSV, Parquet, JSON lines or Excel file of person records.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of text files; found by itself when left out.")]
Separator = Annotated[str | None, typer.Option(help="Separator of text files; found by itself when left out.")]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook; the first when left out.")]


def options(encoding: str | None, separator: str | None, sheet: str | None) -> ReadOptions:
    """Reading options as given on the command line (`\\t` is a tab)."""
    from resolution.tables import ReadOptions

    return ReadOptions(encoding, "\t" if separator in ("\\t", "tab") else separator, sheet)


@app.command(rich_help_panel=FILES)
def link(
    files: FileArgument,
    config: Annotated[
        Path | None, typer.Option(help="Matching configuration; without one it is suggested from the files.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the clusters go, .csv or .parquet.")] = Path("clusters.csv"),
    previous: Annotated[
        Path | None, typer.Option(help="An earlier output: its golden ids stay, and its model and settings are used.")
    ] = None,
    decisions: Annotated[
        list[Path] | None, typer.Option(help="CSV with left,right,verdict (same or different): always honoured.")
    ] = None,
    labels: Annotated[
        list[Path] | None, typer.Option(help="CSV with left,right,verdict: teaches the model, forces nothing.")
    ] = None,
    truth_column: Annotated[
        str | None, typer.Option(help="Column with the true person of some records: teaches the model.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="A saved model: applied as it is, nothing is learned.")] = None,
    save_model: Annotated[Path | None, typer.Option(help="Write the model here, to be applied to other files.")] = None,
    edges: Annotated[Path | None, typer.Option(help="Also write the scored pairs here, .csv or .parquet.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Match probability from which two records are linked.")
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Learn anew although --previous has a model.")] = False,
    bare: Annotated[bool, typer.Option("--bare", help="Write the clusters alone, no folder beside them.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processor cores to use; all when left out.")] = None,
    encoding: Encoding = None,
    separator: Separator = None,
    sheet: Sheet = None,
    as_json: Json = False,
) -> None:
    """Link person records of any files: one golden customer id per record, without labels.

    Several files are several sources. Beside the output a folder keeps what explain, review and evaluate need.
    """
    from resolution.file_command import LinkOptions, run_link

    asked = LinkOptions(
        files=tuple(files),
        output=output,
        config=config,
        previous=previous,
        decisions=tuple(decisions or ()),
        labels=tuple(labels or ()),
        truth_column=truth_column,
        model=model,
        save_model=save_model,
        edges=edges,
        threshold=threshold,
        retrain=retrain,
        bare=bare,
        jobs=jobs,
        read=options(encoding, separator, sheet),
    )
    with plain_errors(), progress(as_json):
        done, suggested = run_link(asked)
    if as_json:
        described = {**done.linkage.report, "output": str(output), "notes": done.notes, "changes": _changes(done)}
        typer.echo(json.dumps(described, indent=2))
        return
    if suggested is not None:
        typer.echo("no configuration given; this one was suggested from the file and used:\n")
        typer.echo("".join(f"    {line}\n" for line in suggested.splitlines()))
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    _print_linkage(done, asked.output, bare)


def _print_linkage(done: FileLinkage, output: Path, bare: bool) -> None:
    figures = done.linkage.report
    typer.echo(f"{figures['records']:,} records → {figures['customers']:,} customers, written to {output}")
    typer.echo(f"threshold {figures['threshold']:g} (from: {figures['threshold_by']})")
    if figures["expected_precision"] is not None:
        by = "on the labels" if figures["threshold_by"] == "labels" else "expected without labels"
        typer.echo(
            f"{by}: precision {figures['expected_precision']:.3f}, recall {figures['expected_recall']:.3f} of pairs"
        )
    sizes = list(figures["cluster_sizes"].items())
    shown = [[k, v] for k, v in sizes[:10]]
    if len(sizes) > 10:
        shown.append([f"{sizes[10][0]} to {sizes[-1][0]}", sum(v for _, v in sizes[10:])])
    typer.echo("")
    print_table(["records per customer", "customers"], shown)
    typer.echo(f"\n{figures['pairs_compared']:,} pairs compared, made by these blocking passes:")
    columns = {"pass": "pass", "blocks": "blocks", "pairs": "pairs"}
    lost = any(p["oversized_blocks"] for p in figures["passes"])
    if lost:
        columns |= {
            "oversized_blocks": "blocks too large",
            "oversized_records": "their records",
            "lost_pairs": "pairs not made",
        }
    print_table(list(columns.values()), [[p[key] for key in columns] for p in figures["passes"]])
    if lost:
        typer.echo(
            "  (blocks above max_block_size are left out; a finer pass, or a larger max_block_size, brings them)"
        )
    if done.changes is not None:
        counts = _changes(done)
        changed = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "none"
        typer.echo(f"\nchanges of golden ids since the previous output: {changed}")
    spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in figures["seconds"].items() if seconds >= 0.05)
    typer.echo(f"\nseconds: {sum(figures['seconds'].values()):.1f} ({spent})")
    if not bare:
        typer.echo(f"next: python -m resolution review {output}, or explain --clusters {output} RECORD RECORD")


def _changes(done: FileLinkage) -> dict[str, int]:
    """Events by kind; 'moved' counts the records that changed their id."""
    if done.changes is None or not done.changes.height:
        return {}
    return dict(sorted(done.changes.group_by("kind").len().iter_rows()))


@app.command(rich_help_panel=FILES)
def suggest(
    file: FileArgument,
    output: Annotated[Path | None, typer.Option(help="Write the configuration here instead of printing it.")] = None,
    truth_column: Annotated[
        str | None, typer.Option(help="Column with the true person: no evidence, left out.")
    ] = None,
    encoding: Encoding = None,
    separator: Separator = None,
    sheet: Sheet = None,
) -> None:
    """Write a starting configuration for files."""
    from resolution.suggestion import suggest_config
    from resolution.tables import read_tables

    names = " ".join(str(f) for f in file)
    with plain_errors():
        frame = read_tables(file, options(encoding, separator, sheet))
        text = suggest_config(frame.drop(truth_column, strict=False) if truth_column else frame, names)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(f"written to {output}; check the types, then: python -m resolution link {names} --config {output}")


@app.command(rich_help_panel=FILES)
def profile(
    file: OneFile,
    encoding: Encoding = None,
    separator: Separator = None,
    sheet: Sheet = None,
    as_json: Json = False,
) -> None:
    """Show how filled and how distinctive each column is, and which attribute type it suggests. Shows no values."""
    from resolution.suggestion import column_profiles, profile_rows
    from resolution.tables import read_table

    with plain_errors():
        rows: list[dict[str, Any]] = profile_rows(
            column_profiles(read_table(file, options(encoding, separator, sheet)))
        )
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    print_table(
        ["column", "filled", "different", "most usual value", "mean length", "type"],
        [
            [
                r["name"],
                f"{r['filled']:.1%}",
                r["distinct"],
                f"{r['largest_share']:.1%}",
                f"{r['mean_length']:.1f}",
                r["suggested"] or "-",
            ]
            for r in rows
        ],
    )
