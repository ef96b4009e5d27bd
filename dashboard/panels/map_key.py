"""The key of the map: its layers with switch and opacity, and the legend of what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import groupby
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.drawing import declared_layers, layers_on, legend_of
from dashboard.widgets.markup import html
from dashboard.widgets.numbers import write_number
from layers.spec import LayerSpec


class Ids(StrEnum):
    """Ids of this panel."""

    LAYERS = "layer-switches"
    LEGEND = "legend"


OPACITIES = (0.3, 0.6, 1.0)


def layout(look: Look) -> Component:
    """Return the panel as it stands before the first answer."""
    return dash_html.Div(
        [
            dash_html.Details(
                [
                    dash_html.Summary(look.say("layers")),
                    shell.place(Ids.LAYERS, "switches"),
                ],
                className="layer-box",
            ),
            shell.place(Ids.LEGEND, "legend"),
        ],
        className="map-key",
    )


def legend_layout() -> Component:
    """Return the legend alone: the wall has nothing to switch."""
    return dash_html.Div(shell.place(Ids.LEGEND, "legend"), className="map-key")


def switches(look: Look) -> list[Any]:
    """Return one switch per layer with three steps of opacity, under heads; each is a link."""
    on, declared = layers_on(look), declared_layers(look)
    write = look.view.queries_of_layers(look.home)

    def link(wanted: dict[str, float]) -> str:
        return write(
            tuple((layer.key, wanted[layer.key]) for layer in declared if layer.key in wanted)
        )

    parts: list[Any] = []
    for group, members in groupby(declared, key=lambda layer: layer.group):
        rows = [_switch(look, layer, on, link) for layer in members]
        head = look.say(f"layers-{group}")
        # Kinds of points are many and seldom wanted: they unfold.
        folded = group == "points"
        parts += [html.Details([html.Summary(head), *rows])] if folded else [html.H3(head), *rows]
    return parts


def _switch(
    look: Look, layer: LayerSpec, on: dict[str, float], link: Callable[[dict[str, float]], str]
) -> Any:
    lit = layer.key in on
    without = {key: opacity for key, opacity in on.items() if key != layer.key}
    toggled = without if lit else {**on, layer.key: layer.opacity}
    steps = [
        html.A(
            "",
            href=link({**on, layer.key: step}),
            className="step on" if abs(on[layer.key] - step) < 0.01 else "step",
            title=look.say("opacity", percent=round(step * 100)),
            style={"opacity": step},
        )
        # An unlit layer has no steps to show, and most layers are unlit.
        for step in (OPACITIES if lit else ())
    ]
    return html.Div(
        [
            html.A(
                [html.Span(className="box"), layer.name(look.language)],
                href=link(toggled),
                className="switch on" if lit else "switch",
            ),
            html.Span(steps, className="steps"),
        ],
        className="layer",
        **shell.dashed(data_layer=layer.key),
    )


def legend(look: Look) -> list[Any]:
    """Return the legend of what is drawn, from the same scale as the colours, with counts."""
    return [html.Div(list(_group(group)), className="legend-group") for group in legend_of(look)]


def _group(group: Any) -> Iterator[Any]:
    head: list[Any] = [group.title]
    if group.unit:
        head.append(html.Small(group.unit))
    yield html.H3(head)
    for row in group.rows:
        yield html.Div(
            [
                html.Span(className=f"key {row.shape}", style={"--key": row.color}),
                html.Span(row.label, className="name"),
                html.Span(
                    write_number(float(row.count)) if row.count is not None else "",
                    className="count",
                ),
            ],
            className="row",
        )


LEGEND_SHEET = shell.Sheet(Ids.LEGEND, legend, shell.LIVE)
SHEETS = (shell.Sheet(Ids.LAYERS, switches), LEGEND_SHEET)
