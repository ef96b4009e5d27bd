"""The process that makes one file and ends: ``python -m dashboard.exporting.worker``.

It bounds itself before it loads anything: low priority, one thread, so much memory. It reads its
order from standard input and ends when that is closed, so it never outlives the program.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

_SINGLE = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "GDAL")
NICE = 10
_NEARLY = 0.9


def main() -> int:
    """Make the file of the order on standard input; return the exit code."""
    told = json.loads(sys.stdin.readline())
    _bound(told["memory_mb"])
    threading.Thread(target=_end_with_the_program, daemon=True).start()
    # A library that prints must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(line: str) -> None:
        answers.write(f"{line}\n")
        answers.flush()

    try:
        return _work(told, say)
    except Exception:
        # What has no room left fails in many ways.
        if not _is_full(told["memory_mb"]):
            raise
    fault = {"key": "export-memory", "file": None, "field": None}
    say(json.dumps({"faults": json.dumps([fault | {"values": {"mb": told["memory_mb"]}}])}))
    return 0


def _is_full(memory_mb: int) -> bool:
    """Whether nearly all the memory is taken that this process may have."""
    if isinstance(sys.exc_info()[1], MemoryError):
        return True
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) > memory_mb * 1024 * _NEARLY
    return False


def _bound(memory_mb: int) -> None:
    for name in _SINGLE:
        os.environ[f"{name}_NUM_THREADS"] = "1"
    if hasattr(os, "nice"):
        os.nice(NICE)
    # Not on every system. What a mapped file takes does not count: only what is the process' own.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_the_program() -> None:
    sys.stdin.read()
    os._exit(1)


def _work(told: dict[str, Any], say: Any) -> int:
    # Loaded within the bounds, and only now.
    from dashboard.exporting import messages
    from dashboard.exporting.making import make
    from geo_data.faults import InputError
    from geo_data.store import open_store

    order = messages.order_of(told)
    try:
        address = Path(told["address"]) if told["is_file"] else told["address"]
        store = open_store(address)
        try:
            made = make(store, order, lambda *step: say(messages.step_line(*step)))
        finally:
            store.close()
    except InputError as error:
        say(messages.failed_line(error.faults))
        return 0
    say(messages.made_line(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
