"""Answers in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from journeys.questions.asking import Answer
from journeys.questions.page import show_cell


def show_answer(answer: Answer) -> None:
    """One question: what it asks, the rows, how to read them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console, question = Console(), answer.question
    console.print(f"[bold]{question.number}. {escape(question.asks)}[/bold]")
    if question.sql is not None:
        table = Table(*[escape(name) for name in answer.columns])
        for row in answer.rows:
            table.add_row(*[escape(show_cell(value).replace("\\", "")) for value in row])
        console.print(table)
        console.print(f"{len(answer.rows)} rows in {answer.seconds * 1000:.0f} ms from {', '.join(question.tables)}")
    for text in (question.read, question.missing):
        if text:
            console.print(escape(text))


def show_list(answers: Sequence[Answer]) -> None:
    """All questions with their tables, rows and times."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("no.", "question", "marts", "rows", "ms")
    for answer in answers:
        question = answer.question
        rows = str(len(answer.rows)) if question.sql is not None else "no data"
        marts = ", ".join(question.tables)
        table.add_row(str(question.number), escape(question.asks), marts, rows, f"{answer.seconds * 1000:.0f}")
    console = Console()
    console.print(table)
    slow = sum(answer.seconds > 0.2 for answer in answers)
    console.print(f"{len(answers)} asked; {slow} took more than 200 ms. One of them: --number N")
