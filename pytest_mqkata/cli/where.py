"""`mqkata` alone, `mqkata list`, `mqkata next` and `mqkata goto`: where one is, and what there is."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.shown import SIGNS, STYLES, ago, bar, paragraph, passed, print_line, remarks, show_steps
from pytest_mqkata.cli.status import GREEN_STATUS, OF_COLOUR
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.path import study_path
from pytest_mqkata.progress.recommend import is_done, recommended
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import Store, suite_digest
from pytest_mqkata.provision.presence import Presence, presence

_NARROW = 100  # columns below which the list leaves out what is said elsewhere too


def show_place() -> int:
    """The current kata, its steps, what failed last and what to do next; the exit status by its colour."""
    root = repository()
    store = open_store(root)
    out = console()
    if store.current() is None:
        first = recommended(root, store)
        print_line(out, "No kata was run here yet.")
        if first:
            print_line(out, f"Begin with {first.id} · {first.title}, {first.folder.relative_to(root)}/README.md")
            print_line(out, f"Next: pytest katas/{first.id}", "bold")
        return GREEN_STATUS
    kata = kata_named(None, root)
    record = store.last_run(kata.id)
    standing = store.standing(kata.id)
    _show_title(out, kata)
    show_steps(out, kata, standing)
    out.print()
    if record is None:
        print_line(out, f"Not run yet. The story: {kata.folder.relative_to(root)}/README.md")
        print_line(out, f"Next: pytest katas/{kata.id}", "bold")
        return GREEN_STATUS
    for sentence in remarks(kata, record):
        print_line(out, sentence, "dim")
    print_line(out, f"{passed(kata, standing)} of {len(kata.step_titles)} steps passed, last run {ago(record.time)}.")
    _show_next(out, kata, record, standing, store)
    return OF_COLOUR[_colour(kata, standing)]


def show_list(broker: str | None, *, todo: bool) -> None:
    """A table of all katas, by broker."""
    root = repository()
    store = open_store(root)
    out = console()
    wide = out.width >= _NARROW
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2 if wide else 1, 0, 0))
    columns = ["Kata", "Title", *(["", "Steps"] if wide else ["Steps"]), "Min", "Difficulty", "Needs"]
    for column in (*columns, *(["Here"] if wide else [])):
        table.add_column(column, no_wrap=column != "Here", justify="right" if column == "Min" else "left")
    katas = [kata for week in study_path(root) for kata in week.katas if broker in (None, kata.broker)]
    here = {name: presence(name) for name in {kata.broker for kata in katas}}
    done = 0
    for kata in sorted(katas, key=lambda kata: kata.id):
        standing = store.standing(kata.id)
        finished = is_done(kata, standing)
        done += finished
        if not (todo and finished):
            table.add_row(*_row(kata, standing, store.last_run(kata.id), here[kata.broker], wide=wide))
    if table.row_count:
        out.print(table)
    for name, found in sorted(here.items()):
        if found.note and not (wide and table.row_count):
            print_line(out, f"{name}: {found.note}", "" if found.works else "yellow")
    print_line(out, f"{done} of {len(katas)} katas are green. What comes next: mqkata next")


def show_next() -> None:
    """The study path, and the first kata on it that is not green."""
    root = repository()
    store = open_store(root)
    out = console()
    for week in study_path(root):
        if week.katas:
            title = f"Week {week.number} · {week.title}" if week.number else "Besides"
            print_line(out, title, "bold")
        for kata in week.katas:
            standing = store.standing(kata.id)
            colour = _colour(kata, standing) if standing else "waiting"
            line = Text(f"  {SIGNS[colour]} {kata.id:<12}", STYLES[colour])
            line.append(f"{kata.title}  ", "")
            line.append(f"{passed(kata, standing)}/{len(kata.step_titles)} steps, {kata.minutes} min", "dim")
            out.print(line, soft_wrap=True)
    following = recommended(root, store)
    out.print()
    if following is None:
        print_line(out, "All katas are green. How the others did it: mqkata solution KATA", "bold")
        return
    print_line(out, f"The story of the next one: {following.folder.relative_to(root)}/README.md")
    print_line(out, f"Next: pytest katas/{following.id}    (or any other: the order is yours)", "bold")


def go_to(name: str) -> None:
    """Make a kata the current one."""
    root = repository()
    kata = kata_named(name, root)
    open_store(root).go_to(kata.id)
    out = console()
    _show_title(out, kata)
    print_line(out, f"The story: {kata.folder.relative_to(root)}/README.md")
    print_line(out, f"Your file: {(kata.folder / kata.module).relative_to(root)}:1")
    print_line(out, f"Next: pytest katas/{kata.id}", "bold")


def _show_title(out: Console, kata: Kata) -> None:
    facts = f"{kata.minutes} minutes, difficulty {kata.difficulty} of 3, needs {kata.needs}" if kata.needs else ""
    print_line(out, f"{kata.broker_title} {kata.number} · {kata.title}", "bold")
    if facts:
        print_line(out, facts, "dim")


def _colour(kata: Kata, standing: dict[int, str]) -> str:
    """Of the first step that is not green; of one that was not tried yet "red"."""
    for number in sorted(kata.step_titles):
        if (colour := standing.get(number, "waiting")) != "green":
            return "red" if colour == "waiting" else colour
    return "green"


def _show_next(out: Console, kata: Kata, record: Record, standing: dict[int, str], store: Store) -> None:
    failed = record.failed
    colour = _colour(kata, standing)
    if colour == "green":
        print_line(out, f"Compare with the solution: mqkata diff {kata.id}")
        if following := recommended(kata.root, store):
            print_line(out, f"Next: {following.id} · {following.title}: pytest katas/{following.id}", "bold")
        return
    if failed is None:
        print_line(out, f"Next: pytest katas/{kata.id}", "bold")
        return
    print_line(out, f"Step {failed.step} · {kata.step_titles.get(failed.step, '')}", "bold")
    paragraph(out, f"  {failed.headline}", STYLES[failed.colour])
    if failed.where and failed.where not in failed.headline:
        print_line(out, f"  {failed.where}")
    if colour == "grey":
        print_line(out, f"Next: mqkata doctor {kata.broker}", "bold")
    elif colour == "amber":
        print_line(out, f"Next: mend that, then pytest katas/{kata.id}", "bold")
    else:
        print_line(out, f"Next: mqkata hint, mqkata explain, or pytest katas/{kata.id}", "bold")


def _row(kata: Kata, standing: dict[int, str], record: Record | None, here: Presence, *, wide: bool) -> list[Text]:
    newer = record is not None and record.suite != suite_digest(kata)
    state = f"{passed(kata, standing)}/{len(kata.step_titles)}" + (" tests newer" if newer else "")
    style = STYLES[_colour(kata, standing)] if record else "dim"
    return [
        Text(kata.id),
        Text(kata.title),
        *([bar(kata, standing)] if wide else []),
        Text(state, style),
        Text(str(kata.minutes)),
        Text("●" * kata.difficulty + "○" * (3 - kata.difficulty)),
        Text("cluster" if kata.needs_cluster else "node"),
        *([Text(here.note or "works", "" if here.works else "yellow")] if wide else []),
    ]
