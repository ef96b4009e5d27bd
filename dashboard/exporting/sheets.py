"""Sheets and atlases: whether they can be made, told before anything is entered, and made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from geo_data.exports import ExportRequest, Format
from geo_data.extracts.whole_file import whole_file
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from layers.print import SheetRequest, render, situation_map
from layers.print.atlas import Atlas, AtlasRequest, index_sheet, write_atlas
from layers.print.contents import counted_contents
from layers.print.sheet import planned

PAGE = "page "
"""How the step begins that says which page of how many is drawn."""
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "sheet-region": "region",
        "sheet-future": "at",
        "sheet-window": "window",
        "sheet-indicator": "indicator",
        "sheet-scale": "scale",
        "sheet-size": "template",
        "sheet-too-small": "template",
        "unknown-template": "template",
        "no-map-layer": "layers",
    }
)
"""Faults of the print engine -> what of a request they are about."""

Tell = Callable[[str, float], None]


def check_sheet(store: Store, scope: Scope, asked: ExportRequest, sheet: SheetRequest) -> None:
    """See whether a sheet or an atlas can be made: everything finds its place on the page.

    Raises
    ------
    InputError
        It cannot; the field is named.
    """
    with _fields_named():
        if asked.atlas is not None:
            Atlas.of(store, scope, atlas_request(asked, sheet)).check()
        else:
            planned(store, scope, sheet, read=counted_contents)


@contextmanager
def _fields_named() -> Iterator[None]:
    """Name the field of the request that a fault of the print engine is about."""
    try:
        yield
    except InputError as error:
        faults = [replace(one, field=one.field or FIELDS.get(one.key)) for one in error.faults]
        raise InputError(*faults, exit_code=error.exit_code) from error


def atlas_request(asked: ExportRequest, sheet: SheetRequest) -> AtlasRequest:
    """Return the atlas that is asked for."""
    assert asked.atlas is not None
    return AtlasRequest(sheet, asked.atlas, is_same_scale=asked.scale == "same")


def write_sheet(
    store: Store, scope: Scope, asked: ExportRequest, sheet: SheetRequest, path: Path, tell: Tell
) -> None:
    """Write a sheet or an atlas; a picture of an atlas is one of its first page.

    Raises
    ------
    InputError
        It cannot be made; no file is left.
    """
    if asked.atlas is not None and asked.format is Format.PDF:
        with whole_file(path) as part, part.open("wb") as out:
            write_atlas(store, scope, atlas_request(asked, sheet), out, _by_page(tell))
        return
    tell("lay-out", 0.05)
    if asked.atlas is not None:
        laid_out = index_sheet(store, scope, atlas_request(asked, sheet))
    else:
        laid_out = situation_map(store, scope, sheet)
    tell("draw", 0.4)
    body = render(laid_out, asked.format)
    tell("write", 0.9)
    with whole_file(path) as part:
        part.write_bytes(body)


def _by_page(tell: Tell) -> Callable[[int, int], None]:
    def told(page: int, pages: int) -> None:
        tell(f"{PAGE}{page}/{pages}", 0.02 + 0.92 * (page - 1) / pages)

    return told
