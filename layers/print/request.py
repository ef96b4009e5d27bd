"""What somebody asks for when they ask for a situation map 态势图."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple

from geo_data.faults import Fault, InputError
from geo_data.queries.case_filter import EVERY_CASE, CaseFilter
from layers.print.templates import Template, template

DEFAULT_TEMPLATE, SLIDE_TEMPLATE = "a3-landscape", "slide-16x9"
DEFAULT_INDICATOR = "open-incidents"


class Format(StrEnum):
    """What a sheet can be written as."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"
    GEOTIFF = "geotiff"
    GEOPNG = "geopng"
    PPTX = "pptx"


class FileKind(NamedTuple):
    """How files of a format end, with the point, and what HTTP calls them."""

    ending: str
    media_type: str


KINDS: Mapping[Format, FileKind] = MappingProxyType(
    {
        Format.PDF: FileKind(".pdf", "application/pdf"),
        Format.SVG: FileKind(".svg", "image/svg+xml"),
        Format.PNG: FileKind(".png", "image/png"),
        Format.GEOTIFF: FileKind(".tif", "image/tiff"),
        # A world file is lost from beside its picture: both travel in one zip.
        Format.GEOPNG: FileKind(".png.zip", "application/zip"),
        Format.PPTX: FileKind(
            ".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"
        ),
    }
)


def usual_template(format: str) -> str:
    """Return the sheet of who names none: a slide for a presentation, A3 for everything else."""
    return SLIDE_TEMPLATE if format == Format.PPTX else DEFAULT_TEMPLATE


@dataclass(frozen=True, slots=True)
class Leaf:
    """Which page of an atlas 图集 a sheet is; pages count from 1."""

    number: int
    count: int
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """A situation map as somebody wants it.

    Parameters
    ----------
    region_code : str
        Region shown; a functional area too.
    at : datetime
        The state shown is what was known at this moment, aware.
    drawn_at : datetime
        The present moment, aware: the time of drawing 制图时间. ``at`` is never later.
    template : str or Template
        Key of a template, a size such as ``500x300mm``, or a template of one's own.
    layers : tuple of str or None
        Keys of the catalogue; ``None`` is what is on by default and can be read at the scale.
    indicator, window : str
        What shades the regions of the finest level, over which span.
    language : str
        ``zh-CN`` or ``en``.
    scale : int or str
        ``round`` fits the region to the sheet at a round scale, ``free`` as large as it goes; a
        number is the denominator itself.
    subject : str or None
        Subject of the title; the indicator's name unless given.
    secrecy, secrecy_term : str
        密级 and its term, as the one who asks decided: the software never does.
    unit, reviewer, user : str
        编制单位, 审核人, and who asks for it; ``user`` stands in the watermark.
    approval : str or None
        审图号. Without one the sheet bears 内部使用，不得公开.
    waiver : str or None
        Why no 审图号 is needed: it stands on the sheet then.
    number : str
        编号, under which its record is found; also in the square code.
    record : str or None
        What the square code holds; the number unless given.
    leaf : Leaf or None
        Which page of an atlas it is.
    cases : CaseFilter
        Only such cases are drawn and counted, as on a screen with this filter.
    """

    region_code: str
    at: datetime
    drawn_at: datetime
    template: str | Template = DEFAULT_TEMPLATE
    layers: tuple[str, ...] | None = None
    indicator: str = DEFAULT_INDICATOR
    window: str = "24h"
    language: str = "zh-CN"
    scale: int | Literal["round", "free"] = "round"
    subject: str | None = None
    secrecy: str | None = None
    secrecy_term: str | None = None
    unit: str | None = None
    reviewer: str | None = None
    user: str | None = None
    approval: str | None = None
    waiver: str | None = None
    number: str = ""
    record: str | None = None
    leaf: Leaf | None = None
    cases: CaseFilter = EVERY_CASE

    def __post_init__(self) -> None:
        if self.at.tzinfo is None or self.drawn_at.tzinfo is None:
            raise ValueError("a sheet needs aware times")
        if self.at > self.drawn_at:
            raise InputError(Fault("sheet-future", values={"at": f"{self.at:%Y-%m-%d %H:%M} UTC"}))

    @property
    def sheet_template(self) -> Template:
        """The template itself.

        Raises
        ------
        InputError
            There is none of that name.
        """
        asked = self.template
        return asked if isinstance(asked, Template) else template(asked)
