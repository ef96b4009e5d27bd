"""The part of the page on where cases come from, how they are handled, and what is overdue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboard.pages.indicator_view import Asked, period_word, section
from dashboard.widgets.ageing_table import AgeingRow, ageing_table
from dashboard.widgets.funnel_chart import funnel_chart, funnel_rule
from dashboard.widgets.markup import html
from dashboard.widgets.share_bars import Share, share_bars
from geo_data import queries
from geo_data.dictionaries import channel, channel_groups
from geo_data.queries.case_filter import CaseFilter
from geo_data.rollups import RESIDUE
from indicators import frozen
from indicators.channel_share import channel_shares


def part(asked: Asked) -> Any:
    """Return the section."""
    body = html.Div([_channels(asked), _stages(asked), _ageing(asked)], className="trio")
    look = asked.look
    kept = frozen.of(look.store, asked.period.window, look.at)
    said = look.say("flow-follows") if kept is not None else ""
    return section("flow", look.say("part-flow"), body, said)


def _box(title: str, said: str, body: Any) -> Any:
    return html.Div([html.H3([title, html.Small(said)]), body], className="panel-box")


def _channels(asked: Asked) -> Any:
    look = asked.look
    where = (look.store, look.scope, look.region.code, asked.period.key, look.at)
    found = channel_shares(*where)
    title, total = look.say("channel-share"), sum(one.n for one in found)
    said = f"{period_word(look, asked.period.key)} · {total:,}"
    if not total:
        return _box(title, said, html.P(look.say("nothing-here"), className="calm"))
    rows = [
        Share(
            channel(one.channel).label(look.language),
            channel_groups()[one.group].label(look.language),
            one.n,
            one.share,
            one.previous,
            "/" + look.href(look.view.of_cases(CaseFilter(channel=one.channel))),
        )
        for one in found
    ]
    rule = html.P(look.say("channel-rule"), className="rule")
    return _box(title, said, [share_bars(look, rows), rule])


def _stages(asked: Asked) -> Any:
    look = asked.look
    where = (look.store, look.scope, look.region.code, asked.period.window, look.at)
    funnel = queries.stage_funnel(*where)
    title = look.say("stage-funnel")
    said = f"{period_word(look, asked.period.key)} · {funnel.n:,}"
    if not funnel.n:
        return _box(title, said, html.P(look.say("nothing-here"), className="calm"))
    rules = [html.P(text, className="rule") for text in funnel_rule(look, funnel)]
    return _box(title, said, [funnel_chart(look, funnel), *rules])


def _ageing(asked: Asked) -> Any:
    look, region = asked.look, asked.look.region
    found = queries.overdue_ageing(look.store, look.scope, region.code, look.at)
    moment = f"{look.local(look.at):%m-%d %H:%M}" if look.is_past else look.say("now")
    title, said = look.say("overdue-ageing"), f"{moment} · {found.n:,}"
    if not found.n:
        return _box(title, said, html.P(look.say("nobody-overdue"), className="calm"))
    names = {child.code: child.name for child in look.tree.children(region.code)}
    children = [
        AgeingRow(names[code], counts, _listed(asked, code))
        for code, counts in found.children.items()
        if code != RESIDUE
    ]
    residue = found.children.get(RESIDUE, ())
    if any(residue):
        children.append(AgeingRow(look.say("placed-here-only"), residue, None))
    total = AgeingRow(region.name, found.total, _listed(asked, region.code))
    rest = found.n - found.n_on_hours
    rule = look.say("ageing-rule", n=f"{found.n_on_hours:,}", rest=f"{rest:,}")
    return _box(title, said, [ageing_table(look, total, children), html.P(rule, className="rule")])


def _listed(asked: Asked, code: str) -> str:
    """Return the desk's address that lists the overdue cases of a region, the oldest first."""
    look = asked.look
    root = look.tree.root.code
    view = look.view.at_region(None if code == root else code)
    return "/" + look.href(replace(view, at=look.view.at).of_cases(CaseFilter(standing="overdue")))
