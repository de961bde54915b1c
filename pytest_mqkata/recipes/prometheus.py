"""One Prometheus, on loopback only.

Options of an order:
    files: its configuration: texts by plain file names, prometheus.yml among them; copied into the node's folder.
    beside: a folder whose other files the configuration may name (rule files, certificates); it is read, never written
        to.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from pytest_mqkata.recipes import Launch, Order

CONFIG = "prometheus.yml"

_PROBE_SECONDS = 1.0


class PrometheusRecipe:
    title = "Prometheus"
    port_names = ("client",)
    start_deadline = 30.0
    spares = 0
    shared = False
    port_taken = r"address already in use"

    def prepare(self, order: Order) -> Launch:
        folder = order.folder / "config"
        folder.mkdir(exist_ok=True)
        _lay_out(folder, order.options["files"], order.options.get("beside"))
        port = order.ports["client"]
        return Launch(
            argv=[
                order.installation.paths["server"],
                f"--config.file={folder / CONFIG}",
                f"--storage.tsdb.path={order.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            log=order.log,
            ports={"client": port},
        )

    def probe(self, launch: Launch) -> str | None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{launch.ports['client']}/-/ready", timeout=_PROBE_SECONDS
            ) as reply:
                return None if reply.status == 200 else f"/-/ready says {reply.status}"
        except urllib.error.HTTPError as error:
            return f"/-/ready says {error.code}: {error.read(200)!r}"
        except OSError as error:
            return f"/-/ready gives no answer ({error})"


def _lay_out(folder: Path, files: Mapping[str, str], beside: str | None) -> None:
    """The given files, and links to what lies beside the original: relative names in the config lead to the same."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for entry in Path(beside).iterdir() if beside else ():
        link = folder / entry.name
        if entry.name not in files and not link.is_symlink():
            link.symlink_to(entry)


RECIPE = PrometheusRecipe()
