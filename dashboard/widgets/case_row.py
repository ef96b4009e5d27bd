"""A case as a row of a list: what, how bad and how far; then from where, and by when."""

from __future__ import annotations

from typing import Any

from dashboard.context import Look
from dashboard.widgets.case_clock import due_mark
from dashboard.widgets.marks import severity_mark, stage_tag
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_span
from geo_data.dictionaries import word
from geo_data.records import Incident


def incident_row(look: Look, incident: Incident, page: str = "") -> Any:
    """Return one incident: severity, title and stage; channel, place and how long ago.

    ``page`` is where its card opens: ``/`` is the desk, and left out it is the page itself.
    """
    age = write_span(look, look.at - incident.reported_at)
    second = [
        html.Span(word("channels", incident.channel, look.language)),
        html.Span(region_name(look, incident.region_code)),
        html.Span(look.say("ago", span=age), className="when"),
    ]
    if mark := due_mark(look, incident):
        second[2] = mark
    chosen = look.view.selected and str(look.view.selected) == f"incident:{incident.id}"
    return html.A(
        [
            severity_mark(incident.severity),
            html.Span(
                [html.Span(title(look, incident), className="name"), stage_tag(look, incident)],
                className="first",
            ),
            html.Span(second, className="second"),
        ],
        href=page + look.to_object("incident", str(incident.id)),
        className="entry incident on" if chosen else "entry incident",
        key=f"incident-{incident.id}",
    )


def title(look: Look, incident: Incident) -> str:
    """Return the title people gave the case; in English the category, which we can translate."""
    if look.language == "zh-CN" and incident.title:
        return incident.title
    return word("categories", incident.category, look.language)


def region_name(look: Look, code: str | None) -> str:
    """Return the names from below the region in view down to ``code``."""
    if code is None or look.tree.get(code) is None:
        return look.say("outside-city")
    chain = look.tree.ancestors(code)
    below = [
        region.name for region in chain if not look.tree.contains(region.code, look.region.code)
    ]
    return " ".join(below[-2:]) or chain[-1].name
