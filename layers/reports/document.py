"""A report as a document: what it says, and what stands on its head and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from indicators.reports import Report
from indicators.reports.content import Block, Heading, MapPlace
from layers.print import Sheet


@dataclass(frozen=True, slots=True)
class Head:
    """What a person decides of a document.

    Parameters
    ----------
    unit : str
        发文机关, under its end; nobody's where empty.
    letterhead : str
        The line of a red head; none where empty.
    symbol : str
        发文字号 such as ``松城运〔2026〕12号``.
    secrecy : str
        密级 with its term, as decided; top left.
    reviewer, user : str
        审核人, and who asked.
    number : str
        Under which its record is found.
    """

    unit: str = ""
    letterhead: str = ""
    symbol: str = ""
    secrecy: str = ""
    reviewer: str = ""
    user: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A report ready to be drawn.

    Parameters
    ----------
    report : Report
    head : Head
    made_at : datetime
        Now, aware.
    zone : ZoneInfo
        The city's clock.
    maps : Mapping
        The sheets of its maps that could be made.
    """

    report: Report
    head: Head
    made_at: datetime
    zone: ZoneInfo
    maps: Mapping[MapPlace, Sheet] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day it is issued."""
        return self.made_at.astimezone(self.zone).date()

    @property
    def mark(self) -> str:
        """What every page says of its origin: number, who asked, and when."""
        local = self.made_at.astimezone(self.zone)
        parts = (self.head.number, self.head.unit, self.head.user, f"{local:%Y-%m-%d %H:%M}")
        return " · ".join(part for part in parts if part)

    @property
    def parts(self) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """What stands before the signature, and the maps at the end, which follow it as an annex.

        A last section of maps alone is an annex 附件; without one everything is signed below.
        """
        blocks = self.report.blocks
        heads = [at for at, one in enumerate(blocks) if isinstance(one, Heading)]
        last = heads[-1] if heads else len(blocks)
        maps = blocks[last + 1 :]
        if not maps or not all(isinstance(one, MapPlace) for one in maps):
            return blocks, ()
        head = blocks[last]
        assert isinstance(head, Heading)
        # Its number counts on those of the text, which ends before it.
        name = head.text.partition("、")[2] or head.text
        return blocks[:last], (Heading(f"附件：{name}", head.level), *maps)

    def signature(self) -> tuple[str, ...]:
        """Return the lines at its end: who issues it, and the day."""
        day = f"{self.day.year}年{self.day.month}月{self.day.day}日"
        return tuple(part for part in (self.head.unit, day) if part)
