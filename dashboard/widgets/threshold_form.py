"""The form that puts a threshold, or takes one away; what is wrong stands at its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.context import Look
from dashboard.widgets.marks import status_mark
from dashboard.widgets.markup import element, html
from geo_data.faults import Fault
from indicators.thresholds import COLOURS

RULES = (">", ">=", "<", "<=", "outside")
_label, _select, _option, _fieldset = (
    element("label"),
    element("select"),
    element("option"),
    element("fieldset"),
)
Said = Mapping[str, str]


def threshold_form(
    look: Look, action: str, said: Said, faults: Sequence[Fault] = (), *, is_open: bool = False
) -> Any:
    """Return the form, filled with what was said last.

    Parameters
    ----------
    action : str
        Where it is sent.
    said : Mapping
        Field to text; the key is never among what is shown again.
    faults : sequence of Fault
        Each with its field; one without stands above the buttons.
    """
    fields = {fault.field for fault in faults} & _FIELDS
    loose = [fault for fault in faults if fault.field not in fields]
    form = html.Form(
        [
            html.Div([_day(look, said, faults), _rule(look, said, faults)], className="pair"),
            _fieldset([_limit(look, one, said, faults) for one in COLOURS], className="levels"),
            _texts(look, said, faults),
            _verified(look, said),
            *[html.P(fault.sentence(look.language), className="field-fault") for fault in loose],
            _buttons(look),
        ],
        action=action,
        method="post",
        autocomplete="off",
        className="threshold-form",
    )
    summary = html.Summary(look.say("threshold-change"))
    return html.Details([summary, form], className="threshold-change", open=is_open, id="change")


_TEXTS = ("basis-zh", "basis-en", "source", "who", "note")
_FIELDS = {"day", "rule", "key", *COLOURS, *_TEXTS}


def _field(look: Look, name: str, control: Any, faults: Sequence[Fault], mark: Any = None) -> Any:
    wrong = [fault for fault in faults if fault.field == name]
    told = [
        html.Span(
            f"{fault.reason(look.language)} {fault.remedy(look.language)}", className="field-fault"
        )
        for fault in wrong
    ]
    head = html.Span([mark, look.say(f"threshold-{name}")])
    return _label([head, control, *told], className="field wrong" if wrong else "field")


def _input(name: str, said: Said, **more: Any) -> Any:
    return html.Input(name=name, value=said.get(name, ""), **more)


def _day(look: Look, said: Said, faults: Sequence[Fault]) -> Any:
    return _field(look, "day", _input("day", said, type="date", required="required"), faults)


def _rule(look: Look, said: Said, faults: Sequence[Fault]) -> Any:
    options = [
        _option(look.say("outside") if one == "outside" else one, value=one, selected=one == chosen)
        for chosen in [said.get("rule", RULES[0])]
        for one in RULES
    ]
    return _field(look, "rule", _select(options, name="rule"), faults)


def _limit(look: Look, colour: str, said: Said, faults: Sequence[Fault]) -> Any:
    control = _input(colour, said, inputmode="decimal", size=8)
    return _field(look, colour, control, faults, status_mark(colour))


def _texts(look: Look, said: Said, faults: Sequence[Fault]) -> Any:
    longest = {"who": 40, "note": 400, "source": 200}
    fields = [
        _field(look, name, _input(name, said, maxlength=longest.get(name, 400)), faults)
        for name in _TEXTS
    ]
    secret = html.Input(name="key", type="password", autocomplete="off")
    return html.Div([*fields, _field(look, "key", secret, faults)], className="texts")


def _verified(look: Look, said: Said) -> Any:
    box = html.Input(
        type="checkbox", name="verified", value="yes", checked=said.get("verified") == "yes"
    )
    return _label([box, html.Span(look.say("threshold-verified"))], className="check")


def _buttons(look: Look) -> Any:
    put = html.Button(look.say("threshold-put"), type="submit", name="do", value="put")
    remove = html.Button(
        look.say("threshold-remove"),
        **{"type": "submit", "name": "do", "value": "remove", "className": "quiet"},
        title=look.say("threshold-remove-hint"),
    )
    return html.Div([put, remove], className="buttons")
