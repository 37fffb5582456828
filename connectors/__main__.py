"""`python -m connectors`."""

from connectors.cli import app

if __name__ == "__main__":  # processes that pull import this module again
    app(prog_name="python -m connectors")
