"""`python -m connectors`."""

from connectors.cli import app

app(prog_name="python -m connectors")
