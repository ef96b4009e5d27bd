"""How the clock of a case is written: what is left of its limit, and that it is late or soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dashboard.context import Look
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import NONE, write_span, write_time
from geo_data.records import Incident
from geo_data.stage_clock import StageClock
from geo_data.time_limits import Unit

Fact = tuple[str, Any]


def due_mark(look: Look, incident: Incident) -> Any:
    """Return the sign of a case past its limit or near it; nothing of any other."""
    if incident.due_at is None:
        return None
    if incident.is_overdue(look.at):
        late = write_span(look, look.at - incident.due_at)
        return html.Span(look.say("overdue-by", span=late), className="overdue")
    if incident.is_due_soon(look.at):
        at = write_time(look, incident.due_at)
        return html.Span(look.say("due-soon-at", at=at), className="due-soon")
    return None


def clock_facts(look: Look, incident: Incident, clock: StageClock | None) -> list[Fact]:
    """Return the limit of a dispatched case, what of it is used and left, and who set it."""
    if clock is None:
        return []
    limit = clock.limit
    if limit is None:
        return [(look.say("clock-limit"), html.Span(NONE))]
    # What runs is written in hours: a working day is as long as the calendar says.
    hours: Unit = "working_hours" if limit.is_working else "hours"
    left: list[Any] = [_amount(look, _in_hours(max(clock.left, timedelta())), hours)]
    if clock.stopped_at is not None and incident.ended_at is None:
        since = write_time(look, clock.stopped_at)
        left.append(html.Em(look.say("clock-paused", at=since), className="paused"))
    since_day = look.say(
        "clock-since", source=limit.source_in(look.language), day=limit.effective_from
    )
    return [
        (look.say("clock-limit"), _amount(look, limit.amount, limit.unit)),
        (look.say("clock-used"), _amount(look, _in_hours(clock.used), hours)),
        (look.say("clock-left"), html.Span(left)),
        (look.say("due-at"), _due(look, incident)),
        (look.say("clock-basis"), html.Span(since_day, className="basis")),
    ]


def _due(look: Look, incident: Incident) -> Any:
    if incident.due_at is None:
        return html.Span(NONE)
    parts: list[Any] = [write_time(look, incident.due_at)]
    if incident.is_overdue(look.at):
        parts.append(due_mark(look, incident))
    elif incident.is_due_soon(look.at):
        parts.append(html.Span(look.say("due-soon"), className="due-soon"))
    clock = look.city.case_clock
    if not clock.knows(incident.due_at):
        told = look.say("clock-holidays-unknown", day=clock.known_until)
        parts.append(html.Small(told, className="basis"))
    return html.Span(parts)


def _amount(look: Look, n: float, unit: Unit) -> str:
    return look.say(f"clock-amount-{unit}", n=f"{n:,.1f}".removesuffix(".0"))


def _in_hours(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 1)
