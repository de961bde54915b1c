"""Errors that carry what a person must know: what happened, what it means, what mends it."""

from __future__ import annotations

from collections.abc import Sequence


class MqkataError(Exception):
    """Base of every error that this package raises on purpose."""


class EnvironmentProblem(MqkataError):
    """The machine, not the answer, stands in the way: shown in grey, never counted as a failed step.

    Args:
        what: one or two sentences: what happened and what it means.
        mend: lines that tell how to mend it, commands where there are some.
        details: longer evidence, such as a broker's last log lines.
    """

    def __init__(self, what: str, *, mend: Sequence[str] = (), details: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.mend = tuple(mend)
        self.details = details

    def __str__(self) -> str:
        lines = [self.what, *(f"  {line}" for line in self.mend)]
        if self.details:
            lines += ["", self.details.rstrip()]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.mend, self.details)


class MissingTool(EnvironmentProblem):
    """A program or package that a broker needs is not on this machine and cannot be fetched."""


class ServerConfigError(MqkataError):
    """A broker refused the configuration that it was given; the text holds the broker's own message."""


class ServerNotReady(EnvironmentProblem):
    """A broker started but did not answer in time, or died while starting."""


class ServerExited(ServerNotReady):
    """A broker ended while starting; `details` holds its last log lines. With a config of one's own: mostly that."""


class SharedServerError(MqkataError):
    """A test asked to stop, kill or pause a server that other runs use as well."""


def _rebuild(kind: type[EnvironmentProblem], what: str, mend: Sequence[str], details: str) -> EnvironmentProblem:
    return kind(what, mend=mend, details=details)
