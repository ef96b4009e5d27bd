"""Exports that a city wants again and again at a time: its morning map, its monthly bulletin."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator

from geo_data.sources import Entry, wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DATES, ALL_MONTHS = tuple(range(1, 32)), tuple(range(1, 13))
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
Month = Annotated[int, Field(ge=1, le=12)]


class Schedule(Entry):
    """One export that is made again and again.

    Parameters
    ----------
    key : str
        What its files are called, with day and time.
    at : str
        ``HH:MM`` on the city's clock.
    days : tuple of str
        ``mon`` … ``sun``; every day unless said.
    dates : tuple of int
        Days of the month, 1 to 31; every one unless said.
    months : tuple of int
        1 to 12; every month unless said.
    folder : Path
        Where its files go, relative to the city file.
    ask : dict
        What is asked for, as over HTTP, kebab-case: ``format``, ``region``, ``template`` ….
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
    at: str
    days: Annotated[tuple[str, ...], Field(min_length=1)] = DAYS
    dates: Annotated[tuple[DayOfMonth, ...], Field(min_length=1)] = ALL_DATES
    months: Annotated[tuple[Month, ...], Field(min_length=1)] = ALL_MONTHS
    folder: Path
    ask: dict[str, Any]

    @field_validator("at")
    @classmethod
    def _at_is_a_time(cls, at: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
            raise ValueError("a time of day as 07:30")
        return at

    @field_validator("days")
    @classmethod
    def _days_known(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if not set(days) <= set(DAYS):
            raise ValueError(f"days are {', '.join(DAYS)}")
        return days

    @field_validator("ask")
    @classmethod
    def _can_be_asked_for(cls, ask: dict[str, Any]) -> dict[str, Any]:
        # The register stands on the store, which stands on the city.
        from geo_data.exports.request import ExportRequest, form_faults

        told = {key.replace("-", "_"): value for key, value in ask.items()}
        try:
            asked = ExportRequest.model_validate(told)
        except ValidationError as error:
            problem = error.errors()[0]
            name = ".".join(map(str, problem["loc"])).replace("_", "-")
            raise wrong("export-ask", key=name, error=problem["msg"]) from error
        if faults := form_faults(asked):
            said = f"{faults[0].reason('en')} {faults[0].remedy('en')}".rstrip(".")
            raise wrong("export-ask", key="format", error=said)
        if "at" in told:
            raise wrong("export-ask", key="at", error="a schedule is of its own moment")
        return ask

    def from_folder(self, folder: Path) -> Schedule:
        """Return it with the path of a city file in ``folder`` made whole."""
        return self.model_copy(update={"folder": (folder / self.folder).resolve()})

    def due(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last time it was due, not after ``now``; ``None`` within a year of no day.

        Examples
        --------
        >>> morning = Schedule(key="m", at="07:30", folder=Path("."), ask={"format": "csv"})
        >>> shanghai = ZoneInfo("Asia/Shanghai")
        >>> morning.due(datetime(2025, 7, 1, 20, tzinfo=ZoneInfo("UTC")), shanghai).isoformat()
        '2025-07-01T07:30:00+08:00'
        """
        local = now.astimezone(zone)
        hour, minute = map(int, self.at.split(":"))
        for back in range(367):
            day = (local - timedelta(days=back)).date()
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            if at <= local and self._falls_on(day):
                return at
        return None

    def _falls_on(self, day: date) -> bool:
        is_of_week = DAYS[day.weekday()] in self.days
        return is_of_week and day.day in self.dates and day.month in self.months
