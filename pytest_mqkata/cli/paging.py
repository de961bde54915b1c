"""Long output in the reader's pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

from rich.console import Console, RenderableType


def show(console: Console, content: RenderableType) -> None:
    """Print something; on a terminal, what is longer than the screen goes through $PAGER, or `less` if there is one.

    Anything that should stay on the screen in any case is printed after it.
    """
    with console.capture() as captured:
        console.print(content, soft_wrap=True)
    text = captured.get()
    command = shlex.split(os.environ.get("PAGER", "less"))
    long = len(text.splitlines()) >= console.height - 1
    if not (console.is_terminal and long and command and shutil.which(command[0])):
        try:
            console.file.write(text)
            console.file.flush()
        except BrokenPipeError:
            console.on_broken_pipe()  # `| head` has seen enough
        return
    # as git does: colours, end at once if all fits, leave the text on the screen
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:
        assert pager.stdin
        try:
            pager.stdin.write(text.encode())
            pager.stdin.close()
        except BrokenPipeError:
            pass  # it was left before its end
        while True:
            try:
                pager.wait()
                break
            except KeyboardInterrupt:
                continue  # the pager's to handle, as in git and man
