"""The report of an import as a page of its own: the faults on a map, every row in a table.

One file that asks nobody for anything. Shapes tell the outcomes apart, not the warning colours:
a refused row is no warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from string import Template

from markupsafe import Markup, escape

from geo_data.faults import WORDS
from geo_data.importer.report import Finding, ImportReport, Outcome
from geo_data.importer.report_map import SIGNS, ReportMap, draw_map
from geo_data.words import DEFAULT_LANGUAGE

MOST_NOTED = 2_000
"""Notes listed; refused and repaired rows are listed one and all."""

_TEMPLATE = Template(Path(__file__).with_name("report_page.html").read_text(encoding="utf-8"))
_COLUMNS = ("report-outcome", "report-file", "page-row", "page-field")
_ROW = Markup('<tr data-o="{}"{}><td class="w">{}{}</td>{}<td>{}</td><td>{}</td><td>{}</td></tr>')
_NUMBERS = ("read", "kept", "repaired", "refused")


def report_page(report: ImportReport, at: datetime, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a report as one HTML page.

    Parameters
    ----------
    report : ImportReport
        With its ``regions``, which are the ground of the map.
    at : datetime
        Now, aware.
    language : str
        ``zh-CN`` or ``en``.
    """
    kind = "page-check" if report.checked_only else "page-import"
    kind = "page-refused" if report.nothing_kept else kind
    name = report.city_name(language)
    drawn = draw_map(report, language)
    return _TEMPLATE.substitute(
        language=language,
        title=escape(f"{name} {report.city_code} · {WORDS(kind, language)}"),
        made=escape(WORDS("page-made", language, at=f"{at:%Y-%m-%d %H:%M %Z}")),
        map=drawn.svg,
        caption=escape(_caption(report, drawn, language)),
        sums=_sums(report, language),
        sources_title=escape(WORDS("page-sources", language)),
        sources=_sources(report, language),
        buttons=_buttons(language),
        find=escape(WORDS("page-find", language)),
        head=_head(language),
        rows=Markup("").join(_rows(report, drawn, language)),
        rest=escape(_rest(report, language)),
    )


def _caption(report: ImportReport, drawn: ReportMap, language: str) -> str:
    if not drawn.svg:
        return ""
    said = WORDS("page-method", language, crs=report.metric_crs)
    if not drawn.off_map:
        return said
    return f"{WORDS('page-off-map', language, n=f'{drawn.off_map:,}')} · {said}"


def _sums(report: ImportReport, language: str) -> Markup:
    found = Counter(finding.outcome for finding in report.findings)
    read = sum(source.read for source in report.sources)
    kept = sum(source.kept for source in report.sources)
    figures = [(Markup(""), WORDS("page-rows", language), read)]
    figures.append((Markup(""), WORDS("page-kept", language), kept))
    figures += [
        (SIGNS[outcome], WORDS(f"report-{outcome.value}", language), found[outcome])
        for outcome in Outcome
    ]
    one = Markup("<div><strong>{}</strong><span>{}{}</span></div>")
    return Markup("").join(one.format(f"{n:,}", sign, word) for sign, word, n in figures)


def _sources(report: ImportReport, language: str) -> Markup:
    cell = Markup('<th class="n">{}</th>')
    head = Markup("<tr><th>{}</th>{}</tr>").format(
        WORDS("report-layer", language),
        Markup("").join(cell.format(WORDS(f"report-{key}", language)) for key in _NUMBERS),
    )
    body = Markup("")
    for source in report.sources:
        numbers = (f"{getattr(source, key):,}" for key in _NUMBERS)
        body += Markup('<tr><td title="{}">{}<br><span class="muted">{}</span></td>{}</tr>').format(
            source.file,
            source.layer,
            source.file.rsplit("/", 1)[-1],
            Markup("").join(Markup('<td class="n">{}</td>').format(n) for n in numbers),
        )
    return Markup("<table><thead>{}</thead><tbody>{}</tbody></table>").format(head, body)


def _buttons(language: str) -> Markup:
    one = Markup('<button value="{}" aria-pressed="{}">{}{}</button>')
    every = one.format("", "true", "", WORDS("page-all", language))
    for outcome in Outcome:
        word = WORDS(f"report-{outcome.value}", language)
        every += one.format(outcome.value, "false", SIGNS[outcome], word)
    return every


def _head(language: str) -> Markup:
    keys = (*_COLUMNS, "page-why", "page-remedy", "page-place")
    cells = (Markup("<th>{}</th>").format(WORDS(key, language)) for key in keys)
    return Markup("<tr>{}</tr>").format(Markup("").join(cells))


def _listed(report: ImportReport) -> Iterator[Finding]:
    yield from report.refused
    yield from report.repaired
    yield from report.noted[:MOST_NOTED]


def _rows(report: ImportReport, drawn: ReportMap, language: str) -> Iterator[Markup]:
    for finding in _listed(report):
        fault, place = finding.fault, drawn.place_of(finding)
        mark = Markup(' data-x="{:.1f}" data-y="{:.1f}"').format(*place) if place else Markup("")
        where = (fault.file or "", "" if fault.row is None else f"{fault.row:,}", fault.field or "")
        yield _ROW.format(
            finding.outcome.value,
            mark,
            SIGNS[finding.outcome],
            WORDS(f"report-{finding.outcome.value}", language),
            Markup("").join(Markup("<td>{}</td>").format(text) for text in where),
            fault.reason(language),
            fault.remedy(language),
            "" if finding.at is None else f"{finding.at[0]:.5f}, {finding.at[1]:.5f}",
        )


def _rest(report: ImportReport, language: str) -> str:
    if not report.findings:
        return WORDS("report-clean", language)
    noted = len(report.noted)
    if noted <= MOST_NOTED:
        return ""
    return WORDS("page-not-listed", language, all=f"{noted:,}", n=f"{MOST_NOTED:,}")
