"""Run every kata's solution twenty times while both cores are kept busy: a flaky test shows here.

python benchmarks/soak.py [--times 20] [KATA …]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _spin() -> None:
    while True:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("katas", nargs="*", help="such as redis/01; default: all")
    arguments = parser.parse_args()
    katas = arguments.katas or [
        str(folder.relative_to(ROOT / "katas")) for folder in sorted(ROOT.glob("katas/*/[0-9][0-9]"))
    ]
    load = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 2)]
    for process in load:
        process.start()
    failures = 0
    for kata in katas:
        for number in range(1, arguments.times + 1):
            begun = time.monotonic()
            command = [sys.executable, "-m", "pytest", "-q", "--solutions", "--strict-brokers", f"katas/{kata}"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            failures += done.returncode != 0
            word = "passed" if done.returncode == 0 else "FAILED"
            print(f"{kata} {number}/{arguments.times} {word} in {time.monotonic() - begun:.1f} s", flush=True)
            if done.returncode:
                print(done.stdout[-4000:], flush=True)
    for process in load:
        process.terminate()
    print(f"{failures} of {len(katas) * arguments.times} runs failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
