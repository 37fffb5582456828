"""Command line of the journey statistics: `python -m journeys --help`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from journeys.text.commands import alerts, coding_sheet, evaluate_text
from journeys.value.recovery import evaluate_personas

app = typer.Typer(no_args_is_help=True, help="The night's statistics, the questions of the business, and the report.")
app.add_typer(alerts, name="alerts")
app.add_typer(coding_sheet, name="coding-sheet")
app.command("evaluate-text")(evaluate_text)
app.command("evaluate-personas")(evaluate_personas)

Date = Annotated[
    datetime, typer.Option("--date", "-d", formats=["%Y-%m-%d"], help="Export date of the night, YYYY-MM-DD.")
]


@app.command()
def score(date: Date) -> None:
    """Score the night's new and changed messages (after the dbt layer touchpoints)."""
    import journeys

    typer.echo(f"{journeys.score_messages(date.date()):,} messages scored")


@app.command()
def compute(date: Date) -> None:
    """Compute the night's statistics, fitting them anew when they are due (between the layers marts and answers)."""
    import journeys

    with _plain_errors():
        result = journeys.compute(date.date())
    fitted = ", fitted anew" if result.refit else ""
    typer.echo(f"night {result.export_date}: {len(result.seconds)} statistics of {result.affected:,} customers{fitted}")
    for name, seconds in result.seconds.items():
        typer.echo(f"  {name:<28}{seconds:>8.1f} s of processor time")


@app.command()
def fits(limit: Annotated[int, typer.Option(help="How many, the newest first.")] = 50) -> None:
    """List the fits: which statistic, of which night, in force or not, and how well it does."""
    import json

    import journeys

    for fit in journeys.list_fits(limit):
        state = "published" if fit.is_live else "not published"
        typer.echo(f"{fit.export_date}  {fit.name:<24} version {fit.version}  {fit.seconds:>7.1f} s  {state}")
        if fit.evaluation:
            typer.echo(f"            {json.dumps(fit.evaluation, ensure_ascii=False)}")


@app.command()
def questions(
    number: Annotated[int | None, typer.Option(help="Ask this one and print its answer.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write the page of all questions and answers here.")] = None,
    brand: Annotated[str, typer.Option(help="What the page says the answers were asked of.")] = "made by `make run`",
) -> None:
    """Ask the published marts the numbered questions of the business; without options: list them with their times."""
    import journeys
    from journeys.questions import ask_all, load_questions, render_page
    from journeys.questions.show import show_answer, show_list

    try:
        chosen = [q for q in load_questions() if number is None or q.number == number]
        if not chosen:
            raise journeys.JourneysError(f"There is no question {number}: `python -m journeys questions` lists them.")
        answers = ask_all(chosen)
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    if write is not None:
        write.write_text(render_page(answers, brand), encoding="utf-8")
        typer.echo(write)
    elif number is not None:
        for answer in answers:
            show_answer(answer)
    else:
        show_list(answers)


@app.command()
def report(
    export_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Export date of the night.")],
    evaluation: Annotated[
        Path | None, typer.Option(help="JSON of match quality against a known truth (resolution.evaluate).")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Write the night's report (HTML) and say where it is."""
    import journeys

    with _plain_errors():
        path = journeys.write_report(export_date.date(), evaluation=evaluation)
    typer.echo(path)
    if open_it:
        typer.launch(path.as_uri())


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the rooms say went wrong, without a traceback."""
    import journeys
    import warehouse

    try:
        yield
    except (journeys.JourneysError, warehouse.WarehouseError) as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
