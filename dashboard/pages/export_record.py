"""`/exports` and `/exports/{number}`: the register, and the record that a sheet's code leads to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from dashboard.context import Context, Look
from dashboard.exporting import shelf
from dashboard.exporting.making import is_data, template_of
from dashboard.exporting.steps import step_words
from dashboard.pages.plain import head
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE
from geo_data.exports import ExportRecord, ReportAsk, State
from indicators import catalog as indicator_catalog
from layers import catalog
from layers.extracts import filters_said
from layers.print.atlas import NEXT

MARKS = {
    State.QUEUED: "ring",
    State.RUNNING: "half",
    State.DONE: "full",
    State.FAILED: "cross",
    State.CANCELLED: "bar",
}
"""Each state has a shape of its own."""


def record_page(context: Context, look: Look, record: ExportRecord) -> list[Any]:
    """Return what the record of an export says."""
    is_kept = record.has_file and shelf.path_of(context.settings, record).is_file()
    return [
        head(look, look.say("exports"), f"/exports/{quote(record.number)}", _to_list(look)),
        html.Article(
            [
                html.P(look.say("export-record"), className="kicker"),
                html.H2(record.number, className="number-plate"),
                html.P([_mark(look, record.state), *_progress(look, record)], className="state"),
                *(
                    html.P(
                        [one.reason(look.language), " ", one.remedy(look.language)],
                        className="fault",
                    )
                    for one in record.faults
                ),
                _download(look, record) if is_kept else "",
                _facts(list(_asked(look, record))),
                _facts(list(_margin(look, record))),
                _facts(list(_became(context, look, record, is_kept))),
            ],
            className="record",
        ),
    ]


def list_page(look: Look, records: list[ExportRecord]) -> list[Any]:
    """Return the newest exports, a row each."""
    rows = [_row(look, record) for record in records]
    return [
        head(look, look.say("exports"), "/exports"),
        html.Article(
            [
                html.H2(look.say("exports-newest")),
                *(rows or [html.P(look.say("exports-none"), className="calm")]),
            ],
            className="record list",
        ),
    ]


def missing_page(look: Look, number: str) -> list[Any]:
    """Return that there is no such record for this viewer."""
    return [
        head(look, look.say("exports"), f"/exports/{quote(number)}", _to_list(look)),
        html.Article(
            [
                html.H2(look.say("export-missing", number=number)),
                html.P(look.say("export-missing-why")),
            ],
            className="record",
        ),
    ]


def _to_list(look: Look) -> Any:
    address = f"/exports?lang={look.language}&theme={look.view.theme}"
    return html.A(look.say("exports-newest"), href=address, className="choice")


def _mark(look: Look, state: State) -> Any:
    shape = html.Span(className=f"export-mark {MARKS[state]}")
    return html.Span([shape, look.say(f"export-{state}")], className="word")


def _faults(look: Look, record: ExportRecord) -> list[Any]:
    told = [f"{one.reason(look.language)} {one.remedy(look.language)}" for one in record.faults]
    return [html.P(text, className="fault") for text in told]


def _progress(look: Look, record: ExportRecord) -> Iterator[Any]:
    if record.state is State.RUNNING:
        share = round(100 * (record.share or 0))
        yield html.Span(html.I(style={"width": f"{share}%"}), className="progress")
        words = step_words(record.step or "", look.language)
        yield html.Small(f"{share}% · {words}" if words else f"{share}%")


def _download(look: Look, record: ExportRecord) -> Any:
    size = write_size(record.bytes or 0)
    name = look.say(f"format-{record.request.format}")
    return html.A(
        [look.say("export-download"), html.Small(f"{name} · {size}")],
        href=f"/api/v1/exports/{quote(record.number)}/file",
        className="button",
    )


def write_size(size: int) -> str:
    """Write bytes as kB or MB.

    Examples
    --------
    >>> write_size(840), write_size(48_213), write_size(7_300_000)
    ('0.8 kB', '48 kB', '7.3 MB')
    """
    if size >= 1_000_000:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e3:.0f} kB" if size >= 10_000 else f"{size / 1e3:.1f} kB"


def _facts(rows: list[tuple[str, Any]]) -> Any:
    known = [(name, value) for name, value in rows if value not in (None, "", NONE)]
    return html.Dl([part for name, value in known for part in (html.Dt(name), html.Dd(value))])


def _asked(look: Look, record: ExportRecord) -> Iterator[tuple[str, Any]]:
    asked = record.request
    yield look.say("export-what"), look.say(f"format-{asked.format}")
    if asked.report is not None:
        yield from _report(look, record, asked.report)
        return
    if not is_data(asked):
        scale = asked.scale if isinstance(asked.scale, str) else f"1:{asked.scale:,}"
        yield look.say("export-template"), f"{template_of(asked)} · {_scale(look, scale)}"
    if asked.atlas is not None:
        yield look.say("export-atlas"), _atlas(look, record)
    region = look.tree.get(record.region_code)
    chain = look.tree.ancestors(record.region_code) if region else []
    yield look.say("kind-region"), " ▸ ".join(one.name for one in chain) or record.region_code
    yield look.say("layers"), _layers(look, record)
    indicator = indicator_catalog.of(look.city).get(asked.indicator)
    yield look.say("export-indicator"), indicator.name(look.language) if indicator else ""
    yield look.say("window"), look.say(f"window-{asked.window}")
    yield look.say("export-known-at"), _when(look, record.known_at)
    yield (
        look.say("export-filters"),
        filters_said(asked.filters, look.language),
    )


def _report(look: Look, record: ExportRecord, asked: ReportAsk) -> Iterator[tuple[str, Any]]:
    yield look.say("export-report"), look.say(f"report-{asked.kind}")
    yield look.say("report-period"), asked.period
    region = look.tree.get(record.region_code)
    yield look.say("kind-region"), region.name if region else record.region_code
    yield look.say("export-known-at"), _when(look, record.known_at)
    yield look.say("report-symbol"), asked.symbol
    yield look.say("report-leader"), asked.leader
    yield look.say("report-staff"), asked.staff


def _atlas(look: Look, record: ExportRecord) -> str:
    level = record.request.atlas or ""
    city = look.city
    if level == NEXT and (region := look.tree.get(record.region_code)):
        level = city.child_level(region.level) or city.finest_level
    name = city.level(level).name(look.language) if level in city.level_keys else level
    return look.say("atlas-each", level=name)


def _scale(look: Look, scale: str) -> str:
    return look.say(f"scale-{scale}") if scale in ("round", "free", "same") else scale


def _layers(look: Look, record: ExportRecord) -> str:
    if record.request.layers is None:
        return look.say("export-default-layers")
    named = {layer.key: layer.name(look.language) for layer in catalog.declared(look.store)}
    return " · ".join(named.get(key, key) for key in record.request.layers) or NONE


def _margin(look: Look, record: ExportRecord) -> Iterator[tuple[str, Any]]:
    asked = record.request
    mark = f"{asked.secrecy}★{asked.secrecy_term}" if asked.secrecy_term else asked.secrecy
    yield look.say("export-secrecy"), mark
    yield look.say("export-purpose"), look.say(f"purpose-{asked.purpose}")
    yield look.say("export-approval"), asked.approval
    yield look.say("export-waiver"), asked.waiver
    yield look.say("export-unit"), asked.unit
    yield look.say("export-reviewer"), asked.reviewer
    who = [part for part in (record.asked_by, record.asked_from) if part]
    yield look.say("export-asked-by"), " · ".join(who)


def _became(
    context: Context, look: Look, record: ExportRecord, is_kept: bool
) -> Iterator[tuple[str, Any]]:
    yield look.say("export-created"), _when(look, record.created_at)
    yield look.say("export-started"), _when(look, record.started_at)
    yield look.say("export-finished"), _when(look, record.finished_at)
    if record.bytes is not None:
        yield look.say("export-size"), f"{write_size(record.bytes)} ({record.bytes:,} B)"
    yield "SHA-256", record.sha256 and html.Span(record.sha256, className="digest")
    if is_kept and record.finished_at is not None:
        until = record.finished_at + timedelta(days=context.settings.keep_exports_days)
        yield look.say("export-kept-until"), _when(look, until)
    elif record.state is State.DONE and record.is_of_command_line:
        yield look.say("export-file"), look.say("export-file-elsewhere", file=record.file or NONE)
    elif record.state is State.DONE:
        yield look.say("export-file"), look.say("export-file-gone")


def _when(look: Look, at: datetime | None) -> str:
    return NONE if at is None else f"{look.local(at):%Y-%m-%d %H:%M:%S}"


def _row(look: Look, record: ExportRecord) -> Any:
    region = look.tree.get(record.region_code)
    return html.A(
        [
            _mark(look, record.state),
            html.Span(record.number, className="digits"),
            html.Span(region.name if region else record.region_code, className="name"),
            html.Small(look.say(f"format-{record.request.format}")),
            html.Small(record.request.secrecy),
            html.Small(record.asked_by),
            html.Small(_when(look, record.created_at)),
        ],
        href=f"/exports/{quote(record.number)}?lang={look.language}&theme={look.view.theme}",
        className="export-row",
    )
