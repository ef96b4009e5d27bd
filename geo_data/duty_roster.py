"""Who is on duty, as a city declares it: a leader and staff for each span of days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from geo_data.sources import Entry

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class DutyShift(Entry):
    """One row of the duty roster 值班表.

    Parameters
    ----------
    first, last : date
        Local days, both in it; one day where ``last`` is not said.
    leader : str
        带班领导.
    staff : tuple of str
        值班人员.
    region : str, optional
        Code of the region they are on duty for; the whole city unless said.
    """

    first: date
    last: date | None = None
    leader: Name
    staff: Annotated[tuple[Name, ...], Field(max_length=40)] = ()
    region: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> DutyShift:
        if self.last is not None and self.last < self.first:
            raise ValueError("last must not be before first")
        return self

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.first <= day <= (self.last or self.first)


def on_duty(roster: Sequence[DutyShift], region: str | None, day: date) -> DutyShift | None:
    """Return who is on duty for a region on a day; the later of two rows holds.

    Nobody of the city stands in for a town whose own shift is not declared: that would say
    something that nobody said.

    Parameters
    ----------
    roster : sequence of DutyShift
    region : str or None
        ``None`` for the whole city.
    day : date
        Of the city's clock.

    Examples
    --------
    >>> night = DutyShift(first=date(2026, 11, 26), leader="Li", staff=("Wang",))
    >>> on_duty([night], None, date(2026, 11, 26)).leader
    'Li'
    >>> on_duty([night], "310117102", date(2026, 11, 26)) is None
    True
    """
    found = [one for one in roster if one.region == region and one.holds(day)]
    return found[-1] if found else None
