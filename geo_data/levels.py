"""The rungs of a city's drill chain, as its file declares them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from geo_data.sources import Entry, wrong
from geo_data.words import Label


class Unit(Entry):
    """What the regions of a level hang on: the first ``digits`` of a code are a unit's code.

    Parameters
    ----------
    digits : int
        How many of a code are the unit's.
    kind : str, optional
        The kind of place that the units are, where they are no level of the chain; each must
        then be known.
    """

    digits: Annotated[int, Field(gt=0)]
    kind: str | None = None


class Level(Entry):
    """One rung of the drill chain, coarsest first.

    Parameters
    ----------
    key : str
        ``district``, ``town``, ``grid``; another city's own words elsewhere.
    name : Label
        What people call it.
    code_digits : int, optional
        Length of its codes, checked on import where given.
    code_pattern : str, optional
        Regular expression its codes must match whole, for codes that are not plain digits.
    code_has_parent : bool
        Its codes begin with the code of the region above.
    code_sequence : int, optional
        So many digits at the end number the regions of one parent (or unit); numbers that are
        left out are noted.
    unit : Unit, optional
        What its regions hang on.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: Label
    code_digits: int | None = None
    code_pattern: str | None = None
    code_has_parent: bool = False
    code_sequence: Annotated[int, Field(gt=0)] | None = None
    unit: Unit | None = None

    @field_validator("code_pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise wrong("bad-pattern", pattern=pattern, error=error) from error
        return pattern
