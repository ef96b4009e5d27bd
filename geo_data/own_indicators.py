"""What a city declares of the indicators of its own; what the formulas mean is said elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from geo_data.sources import Entry
from geo_data.words import Label

LONGEST_FORMULA = 400


class OwnIndicator(Entry):
    """An indicator of a city's own.

    Parameters
    ----------
    key : str
        Kebab-case; one of the program's own is put out of its place.
    name : Label
    group : str
        One of the groups of the catalogue.
    unit : str
        Which its formula must give: ``percent`` for a share.
    better : str
        ``high``, ``low`` or ``band``.
    formula : str
        Of the series that are known; see ``docs/city-file.md``.
    formula_text : Label, optional
        The formula in words; the formula itself unless said.
    basis : Label
        By which rule it is counted, and where that comes from (依据).
    roles : tuple of str
        Whose business it is.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
    name: Label
    group: str
    unit: str
    better: Literal["high", "low", "band"]
    formula: Annotated[str, Field(min_length=1, max_length=LONGEST_FORMULA)]
    formula_text: Label | None = None
    basis: Label
    roles: tuple[Literal["duty", "leader", "evaluator"], ...] = ("duty", "leader")
