"""The commands for brokers and environment: up, down, ps, logs, fault, doctor."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.cli.arguments import known_broker
from pytest_mqkata.cli.status import ENVIRONMENT_STATUS

app = typer.Typer()


def _brokers(names: list[str] | None) -> list[str] | None:
    return None if names is None else [name for name in names if known_broker(name)]


Broker = Annotated[str, typer.Argument(callback=known_broker, metavar="BROKER", help="rabbitmq, kafka, nats or redis")]
Brokers = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads the annotation
    typer.Argument(callback=_brokers, metavar="[BROKER]…", help="rabbitmq, kafka, nats, redis; default: all"),
]


@app.command()
def up(
    broker: Broker,
    cluster: Annotated[bool, typer.Option("--cluster", help="A cluster of real nodes instead of one server.")] = False,
    sentinel: Annotated[
        bool, typer.Option("--sentinel", help="Redis: a master with two replicas under three sentinels.")
    ] = False,
    idle: Annotated[float, typer.Option(help="Seconds that it stays up after its last use.")] = 4 * 3600.0,
) -> None:
    """Start a broker and keep it warm, so that the next run begins at once.

    Example: `mqkata up kafka`, or `mqkata up kafka --cluster`
    """
    from pytest_mqkata.cli.servers import bring_up, bring_up_cluster

    if sentinel and broker != "redis":
        raise typer.BadParameter(f"--sentinel is Redis' own; {TITLES[broker]} has --cluster.")
    if cluster or sentinel:
        bring_up_cluster(broker, "sentinel" if sentinel else "cluster", idle)
    else:
        bring_up(broker, idle)


@app.command()
def fault(
    action: Annotated[str, typer.Argument(metavar="kill|stop|pause|resume|start", help="What happens to it.")],
    node: Annotated[str, typer.Argument(metavar="NODE", help="Its name, as `mqkata ps` shows it.")],
) -> None:
    """Let a node of a warm cluster fail, or bring it back, for a demonstration by hand.

    kill: SIGKILL. stop: a graceful stop. pause: it keeps its connections and answers nothing, until resume. A test that
    takes the cluster afterwards finds it healed.

    Example: `mqkata up kafka --cluster`, then `mqkata fault kill kafka1` and `mqkata fault start kafka1`
    """
    from pytest_mqkata.cli.servers import FAULTS, do_fault

    if action not in FAULTS:
        raise typer.BadParameter(f"there is no fault {action!r}. There are: {', '.join(FAULTS)}.")
    do_fault(action, node)


@app.command()
def down(
    brokers: Brokers = None,
    force: Annotated[bool, typer.Option("--force", help="Also those that a test run uses now.")] = False,
) -> None:
    """End warm brokers at once.

    Example: `mqkata down`, or `mqkata down kafka`
    """
    from pytest_mqkata.cli.servers import take_down

    take_down(brokers, force)


@app.command()
def ps() -> None:
    """Show the brokers that run, with each node of a cluster: address, PID, whether in use, when they end by themselves.

    Example: `mqkata ps`
    """
    from pytest_mqkata.cli.servers import show_running

    show_running()


@app.command()
def logs(
    broker: Annotated[str, typer.Argument(metavar="BROKER|NODE", help="A broker, or a node that `mqkata ps` shows.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines of its end.")] = 40,
    path: Annotated[bool, typer.Option("--path", help="Print only the file's path.")] = False,
) -> None:
    """Show the end of a broker's newest log, or of a node's.

    Example: `mqkata logs rabbitmq -n 100`, or `mqkata logs kafka1`
    """
    from pytest_mqkata.cli.servers import show_log

    show_log(broker, lines, path)


@app.command()
def doctor(brokers: Brokers = None) -> None:
    """Find each broker, start it, send one message round, and say what mends what is missing.

    Example: `mqkata doctor`, or `mqkata doctor kafka`
    """
    from pytest_mqkata.cli.doctor import examine

    if not examine(brokers or list(TITLES)):
        raise typer.Exit(ENVIRONMENT_STATUS)
