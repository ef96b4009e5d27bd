"""What a sheet says of itself to programs: its margin once more, beside the picture."""

from __future__ import annotations

from collections.abc import Iterator

from pyproj import CRS

from geo_data.extracts import Cover, Line
from layers.case_wording import filter_words
from layers.print import furniture, imprint
from layers.print.contents import Contents
from layers.print.map_frame import MapFrame, write_denominator
from layers.style import WORDS


def cover(contents: Contents, frame: MapFrame) -> Cover:
    """Return title, secrecy, number, time, source and the rest, under the names of data files."""
    language, city = contents.language, contents.store.city
    return Cover(
        title=f"{furniture.title(contents)} {furniture.moment(contents)}",
        about=WORDS("about", language),
        lines=tuple(line for line in _lines(contents, frame) if line.value),
        made_at=contents.request.drawn_at,
        zone=city.zone,
        language=language,
    )


def _lines(contents: Contents, frame: MapFrame) -> Iterator[Line]:
    request, language, zone = contents.request, contents.language, contents.store.city.zone

    def line(key: str, value: str) -> Line:
        return Line(key, WORDS(f"about-{key}", language), value)

    yield line("number", request.number)
    yield line("secrecy", furniture.secrecy(contents))
    yield line("approval", imprint.approval_said(contents))
    yield line("region", contents.region.code)
    yield line("known-at", request.at.astimezone(zone).isoformat(timespec="seconds"))
    sides = (contents.window.start, contents.window.end)
    yield line(
        "window", " – ".join(side.astimezone(zone).isoformat(timespec="minutes") for side in sides)
    )
    yield line("filters", filter_words(request.cases, language))
    crs = CRS(frame.crs)
    yield line("crs", f"{crs.name} ({':'.join(crs.to_authority() or (frame.crs,))})")
    yield line("scale", write_denominator(frame.denominator))
    yield line("made-at", request.drawn_at.astimezone(zone).isoformat(timespec="seconds"))
    yield line("unit", request.unit or "")
    yield line("reviewer", request.reviewer or "")
    yield line("user", request.user or "")
    for cut in imprint.cut_offs(contents):
        yield Line(f"layer-{cut.layer}", cut.name, imprint.cut_off_said(contents, cut))
    yield line("source", " ".join(imprint.rules(contents)))
