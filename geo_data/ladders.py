"""Three ladders that must never be merged: warning 预警, response 响应, severity 分级.

Each counts from 1, the highest, to 4. A step of one ladder is neither equal to a step of another
nor above or below it: who mixes them up gets an error, not an answer. Source: 突发事件应对法, in
force 2024-11-01.
"""

from __future__ import annotations

from enum import Enum
from typing import Self


class Ladder(Enum):
    """Steps with an order of their own; no numbers, though each has one to be kept by."""

    def __int__(self) -> int:
        number: int = self.value
        return number

    def is_above(self, other: Self) -> bool:
        """Whether this step is higher, which is the smaller number.

        Raises
        ------
        TypeError
            The other is a step of another ladder, or none at all.
        """
        if type(other) is not type(self):
            raise TypeError(f"{self} and {other} are on different ladders")
        return int(self) < int(other)


class WarningLevel(Ladder):
    """预警: what may come. There is no green: no warning is no level."""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4


class ResponseLevel(Ladder):
    """应急响应: what is being done."""

    FIRST = 1
    SECOND = 2
    THIRD = 3
    FOURTH = 4


class Severity(Ladder):
    """事件分级: how bad it was."""

    EXTREME = 1
    MAJOR = 2
    LARGE = 3
    GENERAL = 4
