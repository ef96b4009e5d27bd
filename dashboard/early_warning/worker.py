"""The process that looks at the city once and ends: ``python -m dashboard.early_warning.worker``.

It has low priority and one thread, and takes the libraries of statistics with it when it goes. It
reads its order from standard input and ends when that is closed.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from datetime import datetime
from pathlib import Path

_SINGLE = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
NICE = 10


def main() -> int:
    """Work out what the order on standard input asks for; return the exit code."""
    told = json.loads(sys.stdin.readline())
    for name in _SINGLE:
        os.environ[f"{name}_NUM_THREADS"] = "1"
    if hasattr(os, "nice"):
        os.nice(NICE)
    threading.Thread(target=_end_with_the_program, daemon=True).start()
    # A library that prints must not be taken for an answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    from geo_data.exports.rows import scope_of
    from geo_data.store import open_store
    from indicators.early_warning import assess

    store = open_store(Path(told["address"]) if told["is_file"] else told["address"])
    try:
        found = assess(store, scope_of(told["scope"]), datetime.fromisoformat(told["at"]))
    finally:
        store.close()
    answer.buffer.write(pickle.dumps(found))
    answer.buffer.flush()
    return 0


def _end_with_the_program() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
