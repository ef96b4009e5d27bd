"""The life of a case as a state machine, read from ``dictionaries/stages.toml``.

Nothing here refuses a message: what breaks the order is taken, and marked by
:func:`geo_data.histories.irregular_steps`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from geo_data.records import Stage
from geo_data.sources import Entry

FILE = Path(__file__).parent / "dictionaries" / "stages.toml"

Stages = Annotated[tuple[Stage, ...], Field(min_length=1)]


class Life(Entry):
    """What may happen to a case, and what each step means.

    Parameters
    ----------
    main_line : tuple of Stage
        The closed loop without its side branches, in order.
    starts_clock : Stage
        The limit runs from the latest such step.
    pauses, resumes : tuple of Stage
        What stops the clock, and what lets it go on.
    ends : tuple of Stage
        After these a case is no longer open.
    drops : tuple of Stage
        Of those, the ones after which it counts as neither closed nor due.
    beside : tuple of Stage
        What is noted of a case without moving it: who signed for it, what the citizen said. Such
        a step changes neither the stage nor the clock, and may come at any time.
    ties : tuple of Stage
        Every other stage; of steps in the same millisecond the later one here is the state.
    next : dict
        Every other stage -> the stages that may follow.
    """

    main_line: Stages
    starts_clock: Stage
    pauses: Stages
    resumes: Stages
    ends: Stages
    drops: Stages
    beside: Stages
    ties: Stages
    next: dict[Stage, tuple[Stage, ...]]

    @model_validator(mode="after")
    def _covers_every_stage(self) -> Life:
        moving = set(Stage) - set(self.beside)
        if set(self.next) != moving:
            raise ValueError(f"next: says nothing of {moving ^ set(self.next)}")
        if sorted(self.ties) != sorted(moving):
            raise ValueError("ties: must list every stage once that is not beside")
        if not set(self.drops) <= set(self.ends):
            raise ValueError("drops: only what ends a case can drop it")
        if set(self.pauses) & {*self.resumes, *self.ends}:
            raise ValueError("pauses: what stops the clock cannot resume it or end the case")
        return self


LIFE = Life.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))["life"])
"""The machine of this program; the layout of the stores rests on its ``ends``."""

MAIN_LINE = LIFE.main_line
ENDED = frozenset(LIFE.ends)
"""Stages after which a case is no longer open."""
DROPPED = frozenset(LIFE.drops)
"""Ends after which a case counts as neither closed nor due."""
BESIDE = frozenset(LIFE.beside)
"""What is noted of a case without moving it."""
STATES = tuple(stage for stage in Stage if stage not in BESIDE)
"""Every stage that a case can stand at."""
NEXT = MappingProxyType({stage: frozenset(after) for stage, after in LIFE.next.items()})
