"""The command's entry point: its commands, and how errors leave it."""

from __future__ import annotations

import sys

import typer

from pytest_mqkata.cli import authoring, environment, learning
from pytest_mqkata.cli.status import ENVIRONMENT_STATUS, INTERRUPTED_STATUS, USAGE_STATUS
from pytest_mqkata.errors import EnvironmentProblem

app = typer.Typer(
    name="mqkata",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _part in (learning, environment, authoring):
    app.add_typer(_part.app)


@app.callback(invoke_without_command=True)
def where(context: typer.Context) -> None:
    """Message queue katas on real brokers. `pytest katas/kafka/01` runs one; these commands look after the rest.

    Alone it shows the current kata: the steps done, what failed last, what to do next.

    Exit status: 0 green, 1 red, 2 amber (the answer cannot be loaded), 3 the environment failed, 4 wrong usage.

    Example: `mqkata`
    """
    if context.invoked_subcommand is None:
        from pytest_mqkata.cli.where import show_place

        raise typer.Exit(show_place())


def main() -> None:
    """Run the command; exits as `pytest_mqkata.cli.status` says."""
    try:
        status = app(standalone_mode=False)
    except EnvironmentProblem as problem:
        print(f"mqkata: {problem}", file=sys.stderr)
        status = ENVIRONMENT_STATUS
    except OSError as error:
        print(f"mqkata: {error.filename or 'a file'} cannot be read or written: {error.strerror}.", file=sys.stderr)
        status = ENVIRONMENT_STATUS
    except typer.Exit as ended:
        status = ended.exit_code
    except typer.Abort:
        status = INTERRUPTED_STATUS
    except Exception as error:
        shown = getattr(error, "format_message", None)  # typer's usage errors
        if shown is None:
            raise
        print(f"mqkata: {shown().removeprefix('Invalid value: ')}", file=sys.stderr)
        status = USAGE_STATUS
    if status == INTERRUPTED_STATUS:
        print("mqkata: interrupted", file=sys.stderr)
    sys.exit(status or 0)


if __name__ == "__main__":
    main()
