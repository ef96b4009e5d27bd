"""The line that says that a period is frozen: by whom, when, under which number."""

from __future__ import annotations

from typing import Any

from dashboard.pages.indicator_view import Asked
from dashboard.widgets.markup import html
from indicators import frozen


def frozen_note(asked: Asked) -> list[Any]:
    """Return the line; nothing for a period that follows the data."""
    look = asked.look
    kept = frozen.of(look.store, asked.period.window, look.at)
    if kept is None:
        return []
    one = kept.publication
    said = look.say(
        "period-frozen",
        at=f"{look.local(one.published_at):%Y-%m-%d %H:%M}",
        who=one.published_by,
        number=one.number,
    )
    return [html.P([html.Em(look.say("frozen"), className="word"), said], className="frozen")]
