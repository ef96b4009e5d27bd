"""Every number of the sentences: counted again by the engine, and none that has no reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_data import queries
from geo_data.queries.case_filter import CaseFilter
from geo_data.records import Scope
from geo_data.store import Store
from indicators import engine
from indicators.reports import Kind, Report, make_report
from indicators.reports.content import Figure, Paragraph, RowCount
from indicators.spec import Grain
from tests.geo_data.lived_city import opened
from tests.indicators.reports.counted_city import NOW, make_counted_city

ALL = Scope.everything()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(make_counted_city(tmp_path_factory.mktemp("city") / "c.gpkg")) as store:
        yield store


def counted_again(store: Store, figure: Figure) -> float | None:
    """Count without anything of the reports: by the engine's board, or case by case."""
    if figure.only is not None:
        return _case_by_case(store, figure)
    board = engine.board(store, ALL, figure.region, figure.window, NOW, keys=(figure.key,))
    value = board[0]
    year = engine.year_before(store, ALL, figure.region, figure.window, NOW, (figure.key,))
    share = value.unit == "%"

    def change(before: float | None) -> float | None:
        if share and value.value is not None and before is not None:
            return round(round(value.value, 1) - round(before, 1), 1)
        return None if share else engine.change(value.value, before)

    return {
        "value": value.value,
        "before": value.previous,
        "change": change(value.previous),
        "year-before": year[figure.key],
        "year-change": change(year[figure.key]),
    }[figure.part]


def _case_by_case(store: Store, figure: Figure) -> float:
    assert figure.only is not None
    trait, key = figure.only
    span = engine.period_of(store, figure.window, NOW).window
    cases = queries.incidents(store, ALL, figure.region, span, NOW, limit=1000)
    if trait == "place":
        code, _, category = key.partition(" ")
        return float(
            sum(one.place_code == code and category in ("", one.category) for one in cases)
        )
    return float(sum(getattr(one, trait) == key for one in cases))


def every_report(store: Store) -> Iterator[Report]:
    for kind in Kind:
        for region in ("c", "t0", "t2", "t0g0"):
            yield make_report(store, ALL, kind, NOW, region_code=region)
    yield make_report(store, ALL, "monthly", NOW, period="2026-11")
    yield make_report(store, ALL, "quarterly", NOW, period="2026-Q4")


def test_every_number_of_the_sentences_is_what_the_engine_says(store: Store) -> None:
    seen = 0
    for report in every_report(store):
        tables = {table.key: table for table in report.tables()}
        for text, source in report.references():
            seen += 1
            if isinstance(source, RowCount):
                name = source.table.split()[0]
                if name in tables:
                    assert tables[name].total == source.value
                assert str(source.value) in text
                continue
            again = counted_again(store, source)
            flows = engine.catalog.of(store.city)[source.key].grain is Grain.FLOW
            if source.value is None and flows and report.term.first.year < 2026:
                continue
            assert again == pytest.approx(source.value), (report.title, text, source)
            assert (text == "—") == (source.value is None)
    assert seen > 200


def test_every_number_of_the_tables_is_what_the_engine_says(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    seen = 0
    for table in report.tables():
        for row in table.rows:
            for cell in row:
                figure = cell.source
                if figure is None or (figure.only is not None and figure.part != "value"):
                    continue
                seen += 1
                assert counted_again(store, figure) == pytest.approx(figure.value)
                assert cell.value == figure.value
    assert seen > 60


def test_no_figure_of_the_sentences_is_without_a_reference(store: Store) -> None:
    for report in every_report(store):
        for block in report.blocks:
            if not isinstance(block, Paragraph):
                continue
            rest = list(block.text)
            for span in block.spans:
                rest[span.start : span.end] = " " * (span.end - span.start)
                assert (span.source is not None) == (span.kind == "number")
            assert not re.search(r"\d", "".join(rest)), block.text


def test_a_number_reads_as_its_value(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    found = {
        (source.key, source.part): text
        for text, source in report.references()
        if isinstance(source, Figure) and source.only is None and source.region == "c"
    }
    assert found["reported-incidents", "value"] == "6件"
    assert found["reported-incidents", "change"] == "上升100.0%"
    assert found["on-time-rate", "value"] == "80.0%"


def test_the_own_templates_have_no_figure_in_their_words() -> None:
    own = Path(engine.__file__).parent / "reports" / "templates"
    files = sorted(own.glob("*.j2"))
    assert [one.stem for one in files] == sorted(Kind)
    for file in files:
        words = re.sub(r"\{[{%].*?[%}]\}", "", file.read_text(encoding="utf-8"))
        assert not re.search(r"^(?!@).*\d", words, re.MULTILINE), file


def test_open_cases_of_the_tables_are_those_of_the_lists(store: Store) -> None:
    report = make_report(store, ALL, "daily", NOW)
    standing = next(one for one in report.tables() if one.key == "standing")
    span = engine.period_of(store, "today", NOW).window
    for column, asked in ((1, "open"), (2, "overdue"), (3, "due-soon")):
        only = CaseFilter(standing=asked)  # type: ignore[arg-type]
        listed = queries.incident_count(store, ALL, "c", span, NOW, only)
        assert standing.rows[-1][column].value == listed
        assert sum(row[column].value or 0 for row in standing.listed) == listed


def test_the_change_of_a_share_is_that_of_the_shares_as_they_are_written(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    table = next(one for one in report.tables() if one.key == "against-both")
    shares = [row for row in table.rows if row[1].text.endswith("%") and row[2].text != "—"]
    assert len(shares) > 3
    for _, now, before, change, *_ in shares:
        shown = float(now.text[:-1]) - float(before.text[:-1])
        assert float(change.text.replace("−", "-")) == pytest.approx(shown)
