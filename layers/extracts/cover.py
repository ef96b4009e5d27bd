"""What a file of data says of itself: the margin of a map, without the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from geo_data import queries
from geo_data.dictionaries import word
from geo_data.exports import ExportRequest, Filters
from geo_data.extracts import Cover, Line, Table
from geo_data.records import Scope, SensorState
from geo_data.store import Store
from geo_data.store.geopackage import SRS_ID
from indicators import windows
from layers.case_wording import filter_words
from layers.style import WORDS


def cover_of(
    store: Store,
    scope: Scope,
    request: ExportRequest,
    tables: Sequence[Table],
    number: str,
    made_at: datetime,
) -> Cover:
    """Return the cover of tables.

    Parameters
    ----------
    request : ExportRequest
        As checked.
    tables : sequence of Table
        Each is told with its rows, source, time and rule.
    number : str
        Under which the record of the export is found.
    made_at : datetime
        When it is made, aware.
    """
    language = request.language
    tree = queries.region_tree(store, scope)
    region = tree.get(request.region or "") or tree.root
    assert request.at is not None
    city = store.city.name(language)
    # The place, the subject and the time, as a map is titled.
    place = region.name if region.name == city else f"{city} {region.name}"
    when = f"{request.at.astimezone(store.city.zone):%Y-%m-%d %H:%M}"
    lines = [
        Line(key, WORDS(f"about-{key}", language), value)
        for key, value in _facts(store, request, region.code, number, made_at)
        if value
    ]
    lines += [
        Line(f"layer-{table.key}", table.name, _of_table(store, table, language))
        for table in tables
    ]
    if store.city.notice is not None:
        lines.append(Line("notice", WORDS("about-notice", language), store.city.notice(language)))
    return Cover(
        title=WORDS("extract-title", language, place=place, at=when),
        about=WORDS("about", language),
        lines=tuple(lines),
        made_at=made_at,
        zone=store.city.zone,
        language=language,
    )


def _facts(
    store: Store, request: ExportRequest, region: str, number: str, made_at: datetime
) -> Iterator[tuple[str, str]]:
    assert request.at is not None
    language, zone = request.language, store.city.zone
    window = windows.window(request.window, request.at, zone)
    mark = f"{request.secrecy}★{request.secrecy_term}" if request.secrecy_term else request.secrecy
    yield "number", number
    yield "secrecy", mark
    yield "approval", _approval(request)
    yield "region", region
    yield "known-at", request.at.astimezone(zone).isoformat(timespec="seconds")
    yield (
        "window",
        " – ".join(
            side.astimezone(zone).isoformat(timespec="minutes")
            for side in (window.start, window.end)
        ),
    )
    yield "filters", filters_said(request.filters, language)
    yield "crs", WORDS("about-crs-is", language, code=SRS_ID, metric=store.city.metric_crs)
    yield "zone", store.city.timezone
    yield "made-at", made_at.astimezone(zone).isoformat(timespec="seconds")
    yield "unit", request.unit
    yield "reviewer", request.reviewer
    yield "user", request.user
    yield "formulas", WORDS("about-formulas-are", language) if request.format == "csv" else ""


def filters_said(asked: Filters, language: str) -> str:
    """Return filters in words, and as a program would ask with them."""
    said = [
        filter_words(asked.cases, language),
        asked.sensor_kind and word("sensor-kinds", asked.sensor_kind, language),
        asked.sensor_state and _state_word(asked.sensor_state, language),
    ]
    keys = ", ".join(f"{key}={value}" for key, value in asked if value is not None)
    return f"{' · '.join(one for one in said if one)} ({keys})" if keys else ""


def _state_word(state: str, language: str) -> str:
    return WORDS(f"state-{int(SensorState[state.upper()])}", language)


def _approval(request: ExportRequest) -> str:
    """Return 审图号, or the reason why there is none, or that it must not be published."""
    if request.approval:
        return request.approval
    if request.waiver:
        return WORDS("about-waived", request.language, reason=request.waiver)
    return WORDS("about-not-public", request.language)


def _of_table(store: Store, table: Table, language: str) -> str:
    at = table.data_at
    when = f"{at.astimezone(store.city.zone):%Y-%m-%d %H:%M}" if at else "—"
    said = WORDS("extract-of", language, n=len(table), at=when, source=table.source or "—")
    return f"{said} {table.rule}"
