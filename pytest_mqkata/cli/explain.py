"""`mqkata explain`: the last failure of a kata in full."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.shown import SIGNS, STYLES, ago, paragraph, passed, print_line, remarks
from pytest_mqkata.cli.status import GREEN_STATUS, OF_COLOUR
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record, TestRecord
from pytest_mqkata.progress.store import Store
from pytest_mqkata.timeline.story import Line, tell

_CODE = ("the test: ", "your code: ")  # a place; the line of code there follows
_WIDEST_ON = 0.5  # of what is left of a line beside time, who and what


def explain(name: str | None) -> int:
    """Print what the last run of a kata says of its first failure; the exit status by the run's colour."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    out = console()
    record = store.last_run(kata.id)
    if record is None:
        print_line(out, f"{kata.id} was not run yet. Next: pytest katas/{kata.id}")
        return GREEN_STATUS
    print_line(
        out, f"{kata.broker_title} {kata.number} · {kata.title}, run {record.number}, {ago(record.time)}", "bold"
    )
    for line in record.brokers:
        paragraph(out, line, "dim")
    for sentence in remarks(kata, record):
        print_line(out, sentence, "yellow")
    failed = record.failed
    if failed is None:
        _show_green(out, kata, record, store)
    else:
        _show_failure(out, kata, record, failed)
    return OF_COLOUR[record.colour]


def _show_green(out: Console, kata: Kata, record: Record, store: Store) -> None:
    standing = store.standing(kata.id)
    done, total = passed(kata, standing), len(kata.step_titles)
    if record.interrupted:
        print_line(out, "That run was interrupted before its end; nothing had failed until then.")
    else:
        steps = ", ".join(str(number) for number, colour in record.steps.items() if colour == "green")
        every = record.whole and done == total
        print_line(out, f"Nothing failed: all {total} steps passed." if every else f"Nothing failed: passed {steps}.")
    if done < total:
        print_line(out, f"Next: pytest katas/{kata.id}    ({done} of {total} steps are green)", "bold")
    else:
        print_line(
            out, f"Next: mqkata diff {kata.id} compares with the solution; mqkata next says what follows", "bold"
        )


def _show_failure(out: Console, kata: Kata, record: Record, failed: TestRecord) -> None:
    out.print()
    print_line(out, f"Step {failed.step} · {kata.step_titles.get(failed.step, '')}", "bold")
    style = STYLES[failed.colour]
    paragraph(out, f"{SIGNS[failed.colour]} {failed.headline}", style)
    if failed.where:
        print_line(out, f"  {failed.where}", "bold")
    code = False
    for line in failed.lines:
        if code and line.startswith(" "):
            print_line(out, line)
        else:
            paragraph(out, line)
        code = line.startswith(_CODE)
    if failed.timeline:
        out.print()
        print_line(out, "what happened, in ms since the step began:")
        _show_timeline(out, tell(failed.timeline))
    out.print()
    others = sorted({test.step for test in record.tests if test.colour not in ("green", "waiting")} - {failed.step})
    if others:
        print_line(out, f"Failed too: step {', '.join(map(str, others))}")
    again = failed.replay or f"pytest katas/{kata.id} --step {failed.step}"
    print_line(out, f"The same {'examples' if failed.replay else 'step'} again: {again}")
    if failed.colour == "grey":
        print_line(out, f"Next: mqkata doctor {kata.broker}", "bold")
    elif failed.colour == "amber":
        print_line(out, f"Next: mend that, then pytest katas/{kata.id}", "bold")
    else:
        print_line(out, f"Next: mqkata hint {kata.id} --step {failed.step}", "bold")


def _show_timeline(out: Console, lines: list[Line]) -> None:
    events = [line for line in lines if not line.note]
    times = max((len(line.ms) for line in events), default=0)
    what = max((len(line.what) for line in events if not line.fault), default=0)
    left = max(20, out.width - times - what - 12)
    longest = max((len(line.on) for line in events if line.body and not line.fault), default=0)
    place = min(longest, max(int(left * _WIDEST_ON), left - max((len(line.body) for line in events), default=0) - 2))
    for line in lines:
        if line.note:
            print_line(out, f"{'':{times + 2}}{line.what}", "dim")
            continue
        text = Text(f"  {line.ms:>{times}}  {line.who:<4}  ")
        if line.fault:
            text.append(f"── {line.what.upper()}: {line.on} ".replace("FAULT: ", "FAULT ", 1), "bold magenta")
            text.append("─" * max(0, out.width - len(text) - 1), "bold magenta")
        else:
            text.append(f"{line.what:<{what}}  ", "red" if line.trouble else "")
            text.append(line.on if not line.body else f"{_shorten(line.on, place):<{place}}")
            if line.body:
                text.append(f"  {line.body}", "dim")
        out.print(text, no_wrap=True, overflow="ellipsis", crop=True)


def _shorten(text: str, width: int) -> str:
    """Both ends say more than the middle: a name, and a number."""
    if len(text) <= width:
        return text
    end = width // 2
    return f"{text[: width - end - 1]}…{text[len(text) - end :]}"
