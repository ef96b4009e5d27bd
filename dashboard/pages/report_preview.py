"""A report on the screen: the paper it will be, where every number leads to its indicator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from dashboard.context import Look
from dashboard.widgets.markup import element, html
from geo_data.words import DEFAULT_LANGUAGE
from indicators import catalog
from indicators.reports import Report
from indicators.reports.content import Cell, Figure, Heading, MapPlace, Paragraph, Span, Table

_table, _thead, _tbody, _tr, _th, _td, _caption = map(
    element, ("table", "thead", "tbody", "tr", "th", "td", "caption")
)


def paper(look: Look, report: Report) -> Any:
    """Return a report as a page of paper; maps are only named, they are drawn in the file."""
    return html.Article(
        [
            html.H2(report.title),
            html.P(report.notice, className="paper-notice") if report.notice else "",
            *(_block(look, report, block) for block in report.blocks),
        ],
        className="paper",
        lang=DEFAULT_LANGUAGE,
    )


def _block(look: Look, report: Report, block: Any) -> Any:
    if isinstance(block, Heading):
        return html.H3(block.text, className=f"level-{block.level}")
    if isinstance(block, Paragraph):
        return html.P(list(_filled(look, block)), className="said")
    if isinstance(block, MapPlace):
        return html.P(look.say("report-map", title=block.title), className="map-place")
    return _rows(look, report, block)


def _filled(look: Look, block: Paragraph) -> Iterator[Any]:
    """Yield a paragraph, each number of an indicator as a link to it."""
    at = 0
    for span in block.spans:
        yield block.text[at : span.start]
        text = block.text[span.start : span.end]
        yield (
            _link(look, text, span.source)
            if isinstance(span.source, Figure)
            else _plain(text, span)
        )
        at = span.end
    yield block.text[at:]


def _plain(text: str, span: Span) -> Any:
    return html.B(text) if span.kind == "number" else text


def _link(look: Look, text: str, figure: Figure) -> Any:
    known = catalog.of(look.city)[figure.key]
    root = look.tree.root.code
    asked = {"period": figure.window, "lang": look.language, "theme": look.view.theme}
    if figure.region != root:
        asked = {"region": figure.region} | asked
    told = f"{known.name(look.language)} · {known.formula(look.language)}"
    address = f"/indicators/{quote(figure.key)}?{urlencode(asked, safe='.')}"
    return html.A(text, href=address, title=told, className="figure", target="_top")


def _rows(look: Look, report: Report, table: Table) -> Any:
    more = ""
    if len(table.listed) < table.total:
        more = look.say("report-more", total=table.total, listed=len(table.listed))
    body = [
        _tr([_cell(table, at, cell) for at, cell in enumerate(row)], className=_sum(table, place))
        for place, row in enumerate(table.rows)
    ]
    heads = [_th(one.label) for one in table.columns]
    return html.Div(
        [
            _table([_caption(table.title), _thead(_tr(heads)), _tbody(body)])
            if body
            else html.P([html.B(table.title), " ", table.empty]),
            html.Small([more, f"口径：{table.rule.rstrip('。')}。{report.foot}"]),
        ],
        className="report-table",
    )


def _sum(table: Table, place: int) -> str | None:
    return "sum" if place >= len(table.rows) - table.sums else None


def _cell(table: Table, at: int, cell: Cell) -> Any:
    return _td(cell.text, className="digits" if table.columns[at].is_number else None)
