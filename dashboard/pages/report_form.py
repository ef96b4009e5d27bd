"""`/reports`: the form that asks for a report, what it will say, and those that were made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dashboard.context import Look
from dashboard.exporting.steps import step_words
from dashboard.pages.export_record import MARKS
from dashboard.pages.plain import head
from dashboard.widgets.markup import element, html
from geo_data.exports import ExportRecord, State
from geo_data.exports.request import INTERNAL, SECRECY
from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports import Kind, term
from indicators.reports.terms import Term, key_of
from indicators.reports.writing import write_term
from layers.reports import FORMATS

SCRIPT = Path(__file__).with_name("report_form.js").read_text(encoding="utf-8")
OFFERED = {Kind.DAILY: 14, Kind.WEEKLY: 12, Kind.MONTHLY: 13, Kind.QUARTERLY: 6, Kind.YEARLY: 4}
"""How many periods of each kind are offered; any other can be asked for over the API."""
_form, _fieldset, _legend, _label = map(element, ("form", "fieldset", "legend", "label"))
_select, _option, _button, _optgroup = map(element, ("select", "option", "button", "optgroup"))


def form_page(look: Look, records: Sequence[ExportRecord]) -> list[Any]:
    """Return the page."""
    return [
        head(look, look.say("reports-link"), "/reports"),
        html.Div(
            [
                html.Div(
                    [
                        _form(
                            [
                                _what(look),
                                _margin(look),
                                html.P(className="form-fault", role="alert"),
                                html.Div(
                                    _button(
                                        look.say("report-make"), type="submit", className="button"
                                    ),
                                    className="buttons",
                                ),
                                html.Div(className="outcome", **{"aria-live": "polite"}),
                            ],
                            id="report-form",
                            autocomplete="off",
                        ),
                        made_list(look, records),
                    ]
                ),
                html.Div(
                    [
                        html.P(look.say("report-preparing"), className="preview-said"),
                        html.Div(className="report-preview"),
                    ],
                    className="report-box",
                ),
            ],
            className="export-form reports",
        ),
    ]


def script_of(look: Look) -> str:
    """Return the script of the page with what it needs to know."""
    states = ("queued", "running", "done", "failed", "cancelled", "download", "record")
    told = {
        "words": {key: look.say(f"export-{key}") for key in states}
        | {"preparing": look.say("report-preparing")},
        "periods": {str(kind): _periods(look, kind) for kind in Kind},
        "language": look.language,
        "theme": look.view.theme,
        "at": look.view.at.isoformat() if look.view.at else None,
    }
    # A name must not end the script it stands in.
    known = json.dumps(told).replace("</", "<\\/")
    return f"window.reportForm = {known};\n{SCRIPT}"


def _periods(look: Look, kind: Kind) -> list[tuple[str, str]]:
    """Return the newest periods of a kind with their names, the last one that is over first."""
    found = [term(kind, None, look.at, look.city.zone)]
    while len(found) < OFFERED[kind]:
        day = found[-1].first - timedelta(1)
        found.append(term(kind, key_of(kind, day), look.at, look.city.zone))
    running = term(kind, str(look.local(look.at).date()), look.at, look.city.zone)
    return [_named(look, one) for one in (*found[:1], running, *found[1:])]


def _named(look: Look, one: Term) -> tuple[str, str]:
    name = write_term(one) if look.language == DEFAULT_LANGUAGE else one.key
    if one.kind is Kind.WEEKLY:
        name = f"{name} ({one.first:%m-%d} – {one.last:%m-%d})"
    return one.key, f"{name} · {look.say('report-running')}" if one.is_running else name


def _what(look: Look) -> Any:
    kinds = [
        _radio("kind", str(kind), look.say(f"report-{kind}"), checked=kind is Kind.DAILY)
        for kind in Kind
    ]
    formats = [
        _label(
            [
                element("input")(
                    type="checkbox", name="formats", value=key, checked=key in ("docx", "pdf")
                ),
                html.Span(look.say(f"report-format-{key}")),
            ],
            className="radio",
        )
        for key in FORMATS
    ]
    return _fieldset(
        [
            _legend(look.say("report-what")),
            html.Div(kinds, className="radios"),
            _field(look.say("report-period"), _select([], name="period")),
            _field(look.say("kind-region"), _select(list(_regions(look)), name="region")),
            html.Div(formats, className="radios"),
        ]
    )


def _regions(look: Look) -> Iterator[Any]:
    """Yield the visible root and the regions below it, then the functional areas."""
    root = look.tree.root
    chosen = look.region.code
    below = sorted(look.tree.children(root.code), key=lambda one: one.code)
    listed = [root, *below]
    if chosen not in {one.code for one in listed}:
        listed.append(look.region)
    for one in listed:
        yield _option(one.name, value=one.code, selected=one.code == chosen)


def _margin(look: Look) -> Any:
    marks = [_option(one, value=one, selected=one == INTERNAL) for one in SECRECY]
    rules = look.city.reports
    given = {"unit": rules.unit, "letterhead": rules.letterhead}
    names = ("leader", "staff", "unit", "letterhead", "symbol", "reviewer", "user")
    texts = [
        _field(
            look.say(f"report-{name}"),
            html.Input(type="text", name=name, maxlength=80, value=given.get(name) or None),
        )
        for name in names
    ]
    return _fieldset(
        [
            _legend(look.say("report-margin")),
            _field(look.say("export-secrecy"), _select(marks, name="secrecy")),
            _field(
                look.say("export-secrecy-term"),
                html.Input(type="text", name="secrecy_term", maxlength=80),
            ),
            *texts,
        ]
    )


def _field(label: str, box: Any) -> Any:
    return _label([html.Span(label), box], className="field")


def _radio(name: str, value: str, text: str, *, checked: bool) -> Any:
    box = element("input")(type="radio", name=name, value=value, checked=checked)
    return _label([box, html.Span(text)], className="radio")


def made_list(look: Look, records: Sequence[ExportRecord]) -> Any:
    """Return the newest reports that were asked for, a row each."""
    rows = [_row(look, one) for one in records]
    return html.Section(
        [
            html.H3(look.say("reports-made")),
            *(rows or [html.P(look.say("reports-none"), className="calm")]),
        ],
        className="reports-made",
    )


def _row(look: Look, record: ExportRecord) -> Any:
    asked = record.request.report
    assert asked is not None
    region = look.tree.get(record.region_code)
    name = [look.say(f"report-{asked.kind}"), asked.period or "", region.name if region else ""]
    place = quote(record.number)
    page = f"/exports/{place}?lang={look.language}&theme={look.view.theme}"
    file = html.Small(step_words(record.step or "", look.language))
    if record.has_file:
        file = html.A(
            record.request.format.upper(),
            href=f"/api/v1/exports/{place}/file",
            className="choice",
        )
    elif record.state is State.DONE:
        file = html.Small(record.request.format.upper())
    return html.Div(
        [
            html.A(
                [
                    html.Span(className=f"export-mark {MARKS[record.state]}"),
                    html.Span(" ".join(part for part in name if part)),
                ],
                href=page,
                className="word",
                title=look.say(f"export-{record.state}"),
            ),
            html.Small(f"{look.local(record.created_at):%m-%d %H:%M}", className="digits"),
            file,
        ],
        className="report-row",
    )
