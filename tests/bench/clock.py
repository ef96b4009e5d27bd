"""Processor time, so that a bench on a busy machine still compares like with like."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Spent:
    """Seconds of processor and of the wall clock."""

    cpu = wall = 0.0


@contextmanager
def spending(*processes: int) -> Iterator[Spent]:
    """Measure what this process, or others by their numbers, spend inside the block."""
    spent = Spent()
    cpu, wall = _cpu(processes), time.perf_counter()
    yield spent
    spent.cpu, spent.wall = _cpu(processes) - cpu, time.perf_counter() - wall


def _cpu(processes: tuple[int, ...]) -> float:
    return sum(cpu_s(one) for one in processes) if processes else time.process_time()


def cpu_s(process: int) -> float:
    """Seconds a process and its ended children have spent; 0 if it is gone."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(told[field]) for field in (11, 12, 13, 14)) / TICKS


def family(process: int) -> tuple[int, ...]:
    """A process and everything it started, as far as it is running."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return (process, *(one for child in listed for one in family(int(child))))


def rss_mb(process: int) -> float:
    """Memory of a process in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
