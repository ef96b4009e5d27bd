"""`/exports/new`: the panel that asks for a file, with a preview of the sheet.

It is a page of its own, which the desk shows in a panel: what is typed stays while the desk lives
on, and on a phone it is the whole screen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dashboard.context import Look
from dashboard.drawing import layers_on
from dashboard.pages.plain import head
from dashboard.widgets.markup import element, html
from geo_data.exports.request import INTERNAL, SECRECY
from geo_data.extracts import FORMATS
from indicators import catalog as indicator_catalog
from layers import catalog
from layers.case_wording import filter_words
from layers.print import templates
from layers.print.request import DEFAULT_TEMPLATE, KINDS, usual_template

SCRIPT = Path(__file__).with_name("export_form.js").read_text(encoding="utf-8")
SCALES = (5_000, 10_000, 20_000, 25_000, 50_000, 100_000)

_form, _fieldset, _legend = element("form"), element("fieldset"), element("legend")
_label, _select, _option, _button = (
    element("label"),
    element("select"),
    element("option"),
    element("button"),
)


def form_page(look: Look) -> list[Any]:
    """Return the form, filled with what the desk shows."""
    return [
        head(look, look.say("export-new"), "/exports/new"),
        html.Div(
            [
                _form(
                    [
                        _what(look),
                        _formats(look),
                        _sheet(look),
                        _margin(look),
                        html.P(className="form-fault", role="alert"),
                        html.Div(list(_buttons(look)), className="buttons"),
                        html.Div(className="outcome", **{"aria-live": "polite"}),
                    ],
                    id="export-form",
                    autocomplete="off",
                ),
                html.Div(
                    [html.Img(className="preview", alt=""), html.P(className="preview-said")],
                    className="preview-box",
                ),
            ],
            className="export-form",
        ),
    ]


def script_of(look: Look) -> str:
    """Return the script of the page with what it needs to know."""
    words = ("drawing", "no-preview", "queued", "running", "done", "failed", "cancelled")
    told = {
        "seen": seen(look),
        "sheets": list(KINDS),
        "usual": {key: usual_template(key) for key in KINDS},
        "zone": look.city.timezone,
        "words": {key: look.say(f"export-{key}") for key in (*words, "download", "record")}
        | {"page": look.say("export-step-page", page="{page}", pages="{pages}")},
        "language": look.language,
        "theme": look.view.theme,
    }
    # A name must not end the script it stands in.
    known = json.dumps(told).replace("</", "<\\/")
    return f"window.exportForm = {known};\n{SCRIPT}"


def seen(look: Look) -> dict[str, Any]:
    """Return what of a request is what the desk shows."""
    view = look.view
    declared = {layer.key for layer in catalog.declared(look.store)}
    layers = [key for key in layers_on(look) if key in declared]
    filters = view.cases.said()
    filters |= {"sensor_kind": view.sensor_kind or "", "sensor_state": view.sensor_state or ""}
    filters["standing"] = filters.pop("cases", "")
    asked: dict[str, Any] = {
        "region": look.region.code,
        "window": view.window,
        "indicator": view.indicator,
        "language": look.language,
        "filters": {key: value for key, value in filters.items() if value},
    }
    if view.at is not None:
        asked["at"] = view.at.isoformat()
    return asked if view.layers is None else {**asked, "layers": layers}


def _what(look: Look) -> Any:
    span = look.say(f"window-{look.view.window}")
    chain = " ▸ ".join(region.name for region in look.tree.ancestors(look.region.code))
    indicator = indicator_catalog.of(look.city)[look.view.indicator].name(look.language)
    on = layers_on(look)
    names = [one.name(look.language) for one in catalog.declared(look.store) if one.key in on]
    only = filter_words(look.view.cases, look.language)
    said = " · ".join(part for part in (span, indicator, only) if part)
    return _group(
        look.say("export-seen"),
        [
            html.P(
                [
                    html.B(chain),
                    html.Small(said),
                ]
            ),
            html.P(html.Small(" · ".join(names)), className="layer-names"),
            _field(look, "at", "datetime-local", hint="export-at-hint", value=_local_at(look)),
        ],
    )


def _formats(look: Look) -> Any:
    choices = [
        _label(
            [
                element("input")(type="radio", name="format", value=one, checked=one == "pdf"),
                html.Span(look.say(f"format-{one}")),
            ],
            className="radio",
        )
        for one in (*KINDS, *FORMATS)
    ]
    return _group(look.say("export-what"), [html.Div(choices, className="radios")])


def _sheet(look: Look) -> Any:
    sheets = [(key, one.name(look.language)) for key, one in templates().items()]
    scales = [(key, look.say(f"scale-{key}")) for key in ("round", "free", "same")]
    scales += [(str(one), f"1:{one:,}") for one in SCALES]
    return _group(
        look.say("export-sheet"),
        [
            _choice(look.say("export-template"), "template", sheets, DEFAULT_TEMPLATE),
            *_atlas(look),
            _choice(look.say("export-scale"), "scale", scales, "round"),
            _field(look, "subject"),
        ],
        className="only-sheets",
    )


def _atlas(look: Look) -> Iterator[Any]:
    """Yield the choice of an atlas, where there are regions below the one shown."""
    keys, level = look.city.level_keys, look.region.level
    below = keys[keys.index(level) + 1 :] if level in keys else keys[-1:]
    inside = Counter(
        region.level
        for code in look.tree.subtree(look.region.code)
        if (region := look.tree.get(code))
    )
    found = [
        (key, look.say("atlas-of", level=look.city.level(key).name(look.language), n=inside[key]))
        for key in below
        if inside[key]
    ]
    if found:
        yield _choice(look.say("export-atlas"), "atlas", [("", look.say("atlas-none")), *found], "")


def _margin(look: Look) -> Any:
    marks = [(one, one) for one in SECRECY]
    purposes = [(key, look.say(f"purpose-{key}")) for key in ("internal", "publication")]
    return _group(
        look.say("export-margin"),
        [
            _choice(look.say("export-secrecy"), "secrecy", marks, INTERNAL),
            _field(look, "secrecy_term"),
            _choice(look.say("export-purpose"), "purpose", purposes, "internal"),
            _field(look, "approval"),
            _field(look, "waiver"),
            _field(look, "unit"),
            _field(look, "reviewer"),
            _field(look, "user"),
        ],
    )


def _group(title: str, parts: Sequence[Any], className: str = "") -> Any:  # noqa: N803 - as Dash
    return _fieldset([_legend(title), *parts], className=className)


def _local_at(look: Look) -> str | None:
    at = look.view.at
    return None if at is None else f"{look.local(at):%Y-%m-%dT%H:%M}"


def _field(
    look: Look, name: str, kind: str = "text", hint: str | None = None, value: str | None = None
) -> Any:
    said = look.say(f"export-{name.replace('_', '-')}")
    box = element("input")(
        type=kind, name=name, value=value, maxlength=80 if kind == "text" else None
    )
    small = html.Small(look.say(hint)) if hint else ""
    return _label([html.Span(said), box, small], className="field")


def _choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Any:
    rows = [_option(said, value=key, selected=key == chosen) for key, said in options]
    return _label([html.Span(label), _select(rows, name=name)], className="field")


def _buttons(look: Look) -> Iterator[Any]:
    yield _button(look.say("export-make"), type="submit", className="button")
    yield _button(look.say("export-cancel"), type="button", className="button quiet", hidden=True)
