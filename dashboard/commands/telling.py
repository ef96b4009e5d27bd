"""What a command tells people while it works: sentences and a bar, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from dashboard.context import WORDS
from geo_data.faults import WORDS as GEO_WORDS


def _step(step: str, language: str) -> str:
    return GEO_WORDS(f"step-{step}", language)


@contextmanager
def progress(
    language: str, words: Callable[[str, str], str] = _step
) -> Iterator[Callable[[str, float], None]]:
    """Draw a bar while something is made; in a log file, a line a step.

    ``words`` says what a step is called in a language; nothing is said of one without a name.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _step_lines(language, words)
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)

        def tell(step: str, share: float) -> None:
            bar.update(task, description=words(step, language), completed=share, visible=True)

        yield tell


def _step_lines(language: str, words: Callable[[str, str], str]) -> Callable[[str, float], None]:
    told = ""

    def tell(step: str, _share: float) -> None:
        nonlocal told
        if step != told:
            if line := words(step, language):
                tell_line(line)
            told = step

    return tell


def say(key: str, language: str, **values: object) -> None:
    """Print a wording for people."""
    tell_line(WORDS(key, language, **values))


def tell_line(text: str) -> None:
    """Print a line for people at once."""
    print(text, file=sys.stderr, flush=True)
