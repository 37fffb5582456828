"""Command line of the journey statistics: `python -m journeys --help`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Journey statistics, questions and the night's report.")


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

    try:
        path = journeys.write_report(export_date.date(), evaluation=evaluation)
    except journeys.JourneysError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    typer.echo(path)
    if open_it:
        typer.launch(path.as_uri())


if __name__ == "__main__":
    app()
