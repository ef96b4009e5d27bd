"""The sheets that can be asked for: ``templates.toml``, and any size in millimetres."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from geo_data.faults import Fault, InputError, nearest
from geo_data.sources import Entry
from geo_data.words import Label

Millimetres = Annotated[float, Field(gt=0, le=5000)]
LARGEST_MM = 5000.0
_CUSTOM = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(?:mm)?")
_LEAST_TYPE_MM, _A4_MM, _A4_TYPE_MM = 1.7, 210.0, 2.2


class Template(Entry):
    """A sheet before anything stands on it, in millimetres.

    Parameters
    ----------
    name : Label
        What people call it.
    page : tuple of float
        Width and height.
    margin : float
        Left free on all sides.
    type : float
        Height of the body text; headings, signs and gaps are measured in it.
    side : str
        Where legend and figures stand: ``right`` of the map or ``below`` it.
    column : float, optional
        How wide all their columns are on the right; 30 times the type for each unless said.
    columns : int, optional
        How many columns they have: one on the right and three below unless said.
    dpi : int
        Pixels to the inch of a picture.
    """

    name: Label
    page: tuple[Millimetres, Millimetres]
    margin: Annotated[float, Field(ge=0)]
    type: Annotated[float, Field(ge=1.2, le=60)]
    side: Literal["right", "below"] = "right"
    column: Millimetres | None = None
    columns: Annotated[int, Field(ge=1, le=4)] | None = None
    dpi: Annotated[int, Field(ge=30, le=1200)] = 300

    @property
    def width(self) -> float:
        """Width of the page."""
        return self.page[0]

    @property
    def height(self) -> float:
        """Height of the page."""
        return self.page[1]

    @property
    def column_mm(self) -> float:
        """Width of the margin on the right."""
        return self.column or 30 * self.type * self.column_count

    @property
    def column_count(self) -> int:
        """How many columns the margin has."""
        return self.columns or (1 if self.side == "right" else 3)


def templates() -> Mapping[str, Template]:
    """Return the shipped templates by their keys, small ones first."""
    return _shipped()


@cache
def _shipped() -> Mapping[str, Template]:
    return MappingProxyType(read_templates(Path(__file__).with_name("templates.toml")))


def read_templates(path: Path) -> dict[str, Template]:
    """Read a file of templates.

    Raises
    ------
    InputError
        It is no TOML, or a template is not as it must be: file, template and field are named.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(Fault("no-file", file=str(path))) from error
    except tomllib.TOMLDecodeError as error:
        fault = Fault("not-toml", file=str(path), values={"error": str(error)})
        raise InputError(fault) from error
    found, faults = {}, []
    for key, row in table.items():
        try:
            found[key] = Template.model_validate(row)
        except ValidationError as error:
            for problem in error.errors():
                field = ".".join(map(str, (key, *problem["loc"])))
                values: dict[str, object] = {"error": problem["msg"]}
                faults.append(Fault("bad-value", file=str(path), field=field, values=values))
    if faults:
        raise InputError(*faults)
    return found


def template(asked: str) -> Template:
    """Return the template called ``asked``, or one of a size such as ``500x300mm``.

    Raises
    ------
    InputError
        There is none: the nearest is named.
    """
    known = templates()
    if asked in known:
        return known[asked]
    size = _CUSTOM.fullmatch(asked.replace("×", "x").lower())
    if size:
        return custom(float(size[1]), float(size[2]))
    values: dict[str, object] = {
        "key": asked,
        "nearest": nearest(asked, list(known)),
        "known": ", ".join(known),
    }
    raise InputError(Fault("unknown-template", values=values))


def custom(width_mm: float, height_mm: float, dpi: int = 300) -> Template:
    """Return a template of any size, its type in keeping with it.

    Raises
    ------
    InputError
        A side is nothing or longer than 5 m.
    """
    if not (0 < width_mm <= LARGEST_MM and 0 < height_mm <= LARGEST_MM):
        values: dict[str, object] = {
            "width": f"{width_mm:g}",
            "height": f"{height_mm:g}",
            "most": f"{LARGEST_MM:g}",
        }
        raise InputError(Fault("sheet-size", values=values))
    short = min(width_mm, height_mm)
    # Larger sheets are read from farther away, but not in proportion.
    type_mm = max(_LEAST_TYPE_MM, _A4_TYPE_MM * (short / _A4_MM) ** 0.77)
    size = f"{width_mm:g}×{height_mm:g} mm"
    return Template(
        name=Label(zh=size, en=size),
        page=(width_mm, height_mm),
        margin=round(4 * type_mm, 2),
        type=round(type_mm, 3),
        side="right" if width_mm > height_mm * 1.05 else "below",
        dpi=dpi,
    )
