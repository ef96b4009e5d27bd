"""`/early-warning`: what stands out, why, how sure that is, and what is to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard.context import Context, Look
from dashboard.pages.early_warning_forecasts import forecast_table
from dashboard.pages.plain import head, plain_page
from dashboard.view import View
from dashboard.widgets.case_row import title
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_time
from geo_data.dictionaries import word
from geo_data.queries.case_filter import CaseFilter
from geo_data.queries.incidents import incidents_by_ids
from geo_data.records import Incident
from indicators import early_warning
from indicators.early_warning import KINDS, Assessment, Signal
from indicators.early_warning.wording import WORDS
from layers import catalog
from layers.signals import LAYER

PATH = "/early-warning"
AGAIN_S = 5
"""While the first look is on its way the page asks again."""
SHOWN, FOLDED = 6, 44
"""Signals of a kind that are seen at once, and that unfold; the API has all of them."""
CASES = 30
"""Cases that unfold below a signal, the newest."""
IN_A_LIST = ("anomaly", "repeated-place")
"""Kinds whose cases are those of one region: the desk's list shows them. Others lie across."""
WINDOWS = {"24h": 1, "7d": 7, "30d": 30}
"""Windows of the desk, and how many days of a signal each holds."""


def router(context: Context) -> APIRouter:
    """Return the route; it is a page, so the API's description leaves it out."""
    routes = APIRouter(include_in_schema=False, default_response_class=Response)

    @routes.get(PATH)
    def page(request: Request) -> HTMLResponse:
        look = context.look(request.url.query)
        found = early_warning.held(look.store, look.scope)
        wait_s = AGAIN_S if found is None and not look.is_past else None
        name = look.say("early-warning")
        return plain_page(context, look, name, parts(look, found), refresh_s=wait_s)

    return routes


def parts(look: Look, found: Assessment | None) -> list[Any]:
    """Return the page: of the region in view, what was found at the last look."""
    return [
        head(look, look.say("early-warning"), PATH, _links(look)),
        html.Article(
            [
                *[html.P(text, className="fault") for text in look.notices],
                html.Div([_chain(look), _when(look, found)], className="sign-head"),
                *_body(look, found),
            ],
            className="record indicators warnings",
        ),
    ]


def _links(look: Look) -> list[Any]:
    query = look.href(look.view)
    return [html.A(look.say("indicators"), href=f"/indicators{query}", className="choice")]


def _chain(look: Look) -> Any:
    links = [
        html.A(one.name, href=PATH + look.to_region(one.code))
        for one in look.tree.ancestors(look.region.code)
    ]
    return html.Div(links, className="chain")


def _when(look: Look, found: Assessment | None) -> Any:
    if found is None or look.is_past:
        return None
    times = {
        "at": write_time(look, found.at),
        "data": write_time(look, found.data_at),
    }
    return html.P(look.say("early-warning-when", **times), className="calm")


def _body(look: Look, found: Assessment | None) -> list[Any]:
    if look.is_past:
        now = PATH + look.href(replace(look.view, at=None))
        back = html.A(look.say("back-to-now"), href=now, className="choice")
        return [html.P([look.say("early-warning-now-only"), " ", back], className="calm")]
    if found is None:
        return [html.P(look.say("early-warning-not-yet"), className="calm")]
    inside = early_warning.inside(look.store, look.scope, look.region.code, found)
    listed = [one for kind in KINDS for one in _of_kind(inside, kind)[: SHOWN + FOLDED]]
    wanted = [number for one in listed for number in one.cases[:CASES]]
    known = incidents_by_ids(look.store, look.scope, wanted, look.at)
    cases = {one.id: one for one in known}
    notes = [html.P(note(look.language), className="calm") for note in found.notes]
    calm = [] if inside else [html.P(look.say("early-warning-calm"), className="calm")]
    kinds = [_kind(look, kind, _of_kind(inside, kind), cases) for kind in KINDS]
    return [
        _index(look, inside),
        *notes,
        *calm,
        *filter(None, kinds),
        forecast_table(look, found, PATH),
    ]


def _index(look: Look, inside: tuple[Signal, ...]) -> Any:
    """Return how many there are of each kind: the page in a line."""
    chips = [
        html.A(
            [WORDS(f"kind-{kind}", look.language), " ", html.B(str(n))],
            href=f"#{kind}" if n else None,
            className="chip on" if n else "chip",
        )
        for kind in KINDS
        for n in [len(_of_kind(inside, kind))]
    ]
    told = html.A(look.say("early-warning-forecasts"), href="#forecasts", className="chip on")
    on_map = html.A(look.say("early-warning-map"), href=desk(look), className="chip to-map")
    return html.Div([*chips, told, on_map], className="choices")


def _of_kind(signals: tuple[Signal, ...], kind: str) -> list[Signal]:
    return [one for one in signals if one.kind == kind]


def _kind(
    look: Look, kind: str, signals: list[Signal], cases: Mapping[int, Incident]
) -> Any | None:
    if not signals:
        return None
    rows = [_signal(look, one, cases) for one in signals[: SHOWN + FOLDED]]
    rest = len(signals) - SHOWN
    summary = html.Summary(look.say("early-warning-more", n=rest))
    more = html.Details([summary, *rows[SHOWN:]], className="more") if rest > 0 else None
    heading = [WORDS(f"kind-{kind}", look.language), html.Small(str(len(signals)))]
    return html.Section(
        [
            html.H3(heading),
            html.P(WORDS(f"rule-{kind}", look.language), className="calm"),
            *rows[:SHOWN],
            more,
        ],
        className="signs",
        id=kind,
    )


def _signal(look: Look, one: Signal, cases: Mapping[int, Incident]) -> Any:
    links = [html.A(look.say("early-warning-map"), href=desk(look, one))]
    if one.kind in IN_A_LIST:
        links.append(html.A(look.say("early-warning-cases"), href=case_list(look, one)))
    if one.place_code is not None:
        links.append(
            html.A(
                look.say("early-warning-place"),
                href="/" + look.to_object("place", one.place_code, one.region_code),
            )
        )
    return html.Div(
        [
            html.Span(className=f"spot {one.kind}"),
            html.Div(
                [html.P(one.reason(look.language), className="reason"), _rests_on(look, one, cases)]
            ),
            html.Span(links, className="leads"),
        ],
        className="warning",
        key=one.key,
    )


def _rests_on(look: Look, one: Signal, cases: Mapping[int, Incident]) -> Any:
    listed = [cases[number] for number in one.cases[:CASES] if number in cases]
    if not listed:
        return None
    rows = [
        html.Li(
            [
                html.A(title(look, each), href="/" + look.to_object("incident", str(each.id))),
                html.Small(
                    f" {word('categories', each.category, look.language)} · "
                    f"{write_time(look, each.reported_at)}"
                ),
            ]
        )
        for each in listed
    ]
    rest = one.count - len(listed)
    if rest > 0:
        rows.append(html.Li(look.say("early-warning-more-cases", n=rest), className="calm"))
    summary = html.Summary(look.say("early-warning-rests-on", n=one.count))
    return html.Details([summary, html.Ol(rows)])


def desk(look: Look, one: Signal | None = None) -> str:
    """Return the address of the map with the layer on, at a signal's region where one is given."""
    on = tuple(
        (layer.key, layer.opacity)
        for layer in catalog.declared(look.store)
        if layer.default_on or layer.key == LAYER
    )
    return "/" + look.href(replace(_at(look, one), layers=on))


def case_list(look: Look, one: Signal) -> str:
    """Return the address of the list of cases that a signal speaks of."""
    days = one.window.length.days
    window = next(
        (key for key, span in (("24h", 1), ("7d", 7), ("30d", 30)) if days <= span), "30d"
    )
    only = CaseFilter(category=one.category, channel=one.channel)
    return "/" + look.href(replace(_at(look, one).of_cases(only), window=window))


def _at(look: Look, one: Signal | None) -> View:
    if one is None:
        return look.view
    root, code = look.tree.root.code, one.region_code
    if one.kind not in IN_A_LIST:
        # It lies across regions of the finest level: seen whole from the one above.
        code = look.tree.ancestors(code)[-2:][0].code
    return look.view.at_region(None if code == root else code)
