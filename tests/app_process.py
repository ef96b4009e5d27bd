"""The program itself in a process of its own: started, killed and started again, and measured."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.serving import free_port

ROOT = Path(__file__).parents[1]
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")


def kinds_of_memory(smaps: str, folder: Path) -> Mapping[str, float]:
    """Sum up what the system says of the mappings of a process; see :meth:`AppProcess.memory`."""
    kib = dict.fromkeys(("rss", "own", "store", "code"), 0)
    path = ""
    for line in smaps.splitlines():
        name, _, rest = line.partition(":")
        if name == "Rss":
            resident = int(rest.split()[0])
            kib["rss"] += resident
        elif name == "Anonymous":
            # Of a library too: pages that were written to are the program's own.
            own = int(rest.split()[0])
            kib["own"] += own
            kib["store" if path.startswith(str(folder)) else "code"] += resident - own
        elif _MAPPING.match(line):
            path = line.split(maxsplit=5)[5] if len(line.split(maxsplit=5)) == 6 else ""
    return {kind: size / 1024 for kind, size in kib.items()}


class AppProcess:
    """``python app.py`` on a free port, always the same one.

    Parameters
    ----------
    folder : Path
        Its data, and what it says (``app.log``).
    **settings
        ``YIPING_…`` without the prefix, in lower case.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {"data_dir": folder, "port": self.port, **settings}
        self._environment = {
            **{name: value for name, value in os.environ.items() if "YIPING_" not in name},
            **{f"YIPING_{name.upper()}": str(value) for name, value in given.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, wait_s: float = 300.0) -> AppProcess:
        """Start it and wait until its first page would draw."""
        with (self.folder / "app.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + wait_s
        while not self._is_ready():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self.folder / "app.log").read_text("utf-8", "replace"))
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it as a power cut would end the program: it hears nothing of it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def memory(self) -> Mapping[str, float]:
        """MiB of it in memory by kind: ``rss`` is all of it, as the system counts it.

        ``own`` the program's alone, ``store`` mapped pages of files in its folder, ``code`` those
        of programs and libraries. A page that is mapped twice counts twice.
        """
        return kinds_of_memory(Path(f"/proc/{self.pid}/smaps").read_text(), self.folder)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(30)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=30) as answer:
                return int(answer.status) == 200
        except (URLError, OSError):
            return False
