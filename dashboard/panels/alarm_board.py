"""Alarms: the strip of what nobody has seen yet, the list, and the part of a sensor's card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.widgets.marks import level_mark, level_word
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import reading, write_count, write_span, write_time
from geo_data import queries
from geo_data.alarms.rules import Rule
from geo_data.records import Alarm, AlarmChange, AlarmStep, Sensor

LENGTH = 40
IN_STRIP, ON_WALL = 3, 1
"""Alarms that the strip names, and a wall's, which has a board of them too; more are counted.

Nobody closes a strip on a wall: it has a row of its own above the map, and no more."""


class Ids(StrEnum):
    """Ids of this panel."""

    STRIP = "alarm-strip"


def layout(look: Look) -> Component:
    """Return the strip as it stands before the first answer: empty, so it takes no room."""
    return shell.place(
        Ids.STRIP,
        "alarm-strip",
        role="alert",
        **shell.dashed(
            aria_label=look.say("alarm-strip"),
            data_who=look.say("alarm-who"),
            data_hint=look.say("alarm-who-hint"),
            data_go=look.say("alarm-acknowledge"),
            data_cancel=look.say("alarm-cancel"),
            data_failed=look.say("alarm-failed"),
            data_over=look.say("alarm-over"),
        ),
    )


def here(look: Look) -> list[Alarm]:
    """Alarms of the region in view, highest first."""
    return queries.alarms(look.store, look.scope, look.region.code, look.at)


def count(look: Look) -> int:
    """Count the alarms of the region in view."""
    return len(here(look))


def desk_strip(look: Look) -> list[Any]:
    """Return the strip with what to press."""
    return strip(look, can_act=True)


def wall_strip(look: Look) -> list[Any]:
    """Return the strip of a wall, which nobody touches."""
    return strip(look, can_act=False, limit=ON_WALL)


def strip(look: Look, can_act: bool, limit: int = IN_STRIP) -> list[Any]:
    """Return the red and orange alarms that nobody has acknowledged, of all that may be seen.

    Wherever somebody looks: an alarm of the next town must not wait until they drill there.
    """
    found = queries.alarms(look.store, look.scope, None, look.at)
    urgent = [one for one in found if one.is_urgent]
    named = urgent[:limit]
    sensors = sensors_of(look, named)
    left = len(urgent) - len(named)
    rows = [_strip_row(look, one, sensors.get(one.id), can_act) for one in named]
    words = "alarm-more" if can_act else "alarm-more-here"
    more = html.Div(look.say(words, n=write_count(look, left)), className="strip-more")
    return [*rows, *([more] if left else [])]


def _strip_row(look: Look, one: Alarm, sensor: Sensor | None, can_act: bool) -> Any:
    what = html.A(
        [
            html.B(rule_name(look, one)),
            html.Span(subject(look, one, sensor), className="where"),
            reading(one.value, one.unit),
        ],
        href=link(look, one),
        className="what",
    )
    return html.Div(
        [
            level_mark(one.level),
            html.Span(level_word(look, one.level), className="word"),
            what,
            html.Span(_since(look, one), className="when"),
            _button(look, one) if can_act else None,
        ],
        className=f"strip-row is-level-{int(one.level)}",
        key=f"strip-{one.id}",
    )


def rows(look: Look, limit: int = LENGTH, can_act: bool = True) -> list[Any]:
    """Return the alarms of the region in view, highest first; nothing where there is none."""
    found = here(look)
    shown = found[:limit]
    sensors = sensors_of(look, shown)
    return [row(look, one, sensors.get(one.id), can_act) for one in shown]


def listed(look: Look) -> list[Any]:
    """Return the list of the desk."""
    found = rows(look)
    left = count(look) - len(found)
    more = html.P(look.say("alarm-more-here", n=write_count(look, left)), className="calm")
    return [
        *(found or [html.P(look.say("no-alarms"), className="calm")]),
        *([more] if left else []),
    ]


def row(look: Look, one: Alarm, sensor: Sensor | None, can_act: bool) -> Any:
    """Return one alarm: level, rule, measure; word, place, since when, and who has seen it."""
    first = html.Span(
        [html.Span(rule_name(look, one), className="name"), reading(one.value, one.unit)],
        className="first",
    )
    second = html.Span(
        [
            html.Span(level_word(look, one.level), className="word"),
            html.Span(subject(look, one, sensor)),
            html.Span(_since(look, one), className="when"),
        ],
        className="second",
    )
    chosen = look.view.selected and str(look.view.selected) == f"sensor:{one.sensor_code}"
    return html.Div(
        [
            level_mark(one.level),
            html.A([first, second], href=link(look, one), className="what"),
            html.Span(
                [_seen(look, one), _button(look, one) if can_act else None], className="seen-line"
            ),
        ],
        className="entry alarm on" if chosen else "entry alarm",
        key=f"alarm-{one.id}",
    )


def _seen(look: Look, one: Alarm) -> Any:
    """Say who has seen it, or who was told because nobody had."""
    if one.acknowledged_by is not None:
        said = look.say("alarm-acknowledged", who=one.acknowledged_by)
        return html.Span(said, className="seen")
    told = told_last(look, one)
    waiting = look.say("alarm-waiting")
    said = f"{waiting} · {look.say('alarm-escalated', who=told)}" if told else waiting
    return html.Span(said, className="unseen")


def told_last(look: Look, one: Alarm) -> str | None:
    """Return who was told last because nobody had acknowledged it, in the viewer's language."""
    if not one.escalated:
        return None
    rule = rule_of(look, one)
    if rule is not None and len(rule.escalate) >= one.escalated:
        return rule.escalate[one.escalated - 1].to(look.language)
    escalated = [step.who for step in one.steps if step.change is AlarmChange.ESCALATED]
    return escalated[-1]


def _button(look: Look, one: Alarm) -> Any:
    if one.acknowledged_at is not None or one.cleared_at is not None:
        return None
    return html.Button(
        look.say("alarm-acknowledge"),
        type="button",
        className="act",
        **{"data-acknowledge": one.id},
    )


def _since(look: Look, one: Alarm) -> str:
    span = write_span(look, look.at - one.since_at)
    return look.say("alarm-since", at=write_time(look, one.since_at), span=span)


def rule_of(look: Look, one: Alarm) -> Rule | None:
    """Return the rule of an alarm, if it still is one."""
    return look.city.rules.get(one.rule)


def rule_name(look: Look, one: Alarm) -> str:
    """Return what the rule of an alarm is called; its key where it is gone."""
    rule = rule_of(look, one)
    return rule.label(look.language) if rule else one.rule


def subject(look: Look, one: Alarm, sensor: Sensor | None) -> str:
    """Return where it is: the region below the one in view, and the sensor."""
    if one.sensor_code is None:
        return look.say("alarm-whole-line")
    name = sensor.name if sensor else one.sensor_code
    chain = look.tree.ancestors(one.region_code) if one.region_code else []
    town = chain[1].name if len(chain) > 1 else ""
    return name if not town or name.startswith(town) else f"{town} {name}"


def link(look: Look, one: Alarm) -> str | None:
    """Return where a click leads: the card of the sensor."""
    return look.to_object("sensor", one.sensor_code) if one.sensor_code else None


def sensors_of(look: Look, found: Sequence[Alarm]) -> dict[int, Sensor]:
    """Return the sensor of each alarm that has one which may be seen."""
    pairs = (
        (one.id, queries.sensor(look.store, look.scope, one.sensor_code, look.at))
        for one in found
        if one.sensor_code
    )
    return {number: sensor for number, sensor in pairs if sensor is not None}


def on_card(look: Look, sensor: Sensor) -> Iterator[Any]:
    """Yield the alarms of a sensor for its card: each with its rule, basis and steps."""
    for one in queries.alarms_of_sensor(look.store, look.scope, sensor.code, look.at):
        yield html.H3([look.say("alarm-level-plain"), html.Small(rule_name(look, one))])
        yield row(look, one, sensor, can_act=True)
        rule = rule_of(look, one)
        if rule is not None:
            basis = [rule.source_in(look.language)]
            if not rule.is_verified(one.level):
                basis.append(look.say("alarm-unverified"))
            yield html.P(" · ".join(basis), className="alarm-basis")
        yield html.Ol([_step(look, one, step) for step in one.steps], className="stages")


STEP_WORDS = {
    AlarmChange.RAISED: "alarm-raised",
    AlarmChange.WORSENED: "alarm-worsened",
    AlarmChange.EASED: "alarm-eased",
    AlarmChange.ACKNOWLEDGED: "alarm-step-acknowledged",
    AlarmChange.ESCALATED: "alarm-step-escalated",
    AlarmChange.OPENED: "alarm-opened",
    AlarmChange.CLEARED: "alarm-cleared",
}


def _step(look: Look, one: Alarm, step: AlarmStep) -> Any:
    who: Any = step.who or ""
    if step.change in (AlarmChange.RAISED, AlarmChange.WORSENED, AlarmChange.EASED):
        who = [level_word(look, step.level), " ", reading(step.value, one.unit)]
    elif step.change is AlarmChange.OPENED:
        who = step.note
    return html.Li(
        [
            html.Span(write_time(look, step.at), className="when"),
            html.Span(look.say(STEP_WORDS[step.change]), className="name"),
            html.Span(who, className="actor"),
        ]
    )


DESK_SHEETS = (shell.Sheet(Ids.STRIP, desk_strip, shell.ALARMS),)
WALL_SHEETS = (shell.Sheet(Ids.STRIP, wall_strip, shell.ALARMS),)
