"""The URL is the state: whatever can be chosen survives being written and read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dashboard.view import (
    FOLDS,
    LANGUAGES,
    MOST_PAGES,
    OBJECT_KINDS,
    SENSOR_STATES,
    TABS,
    THEMES,
    WINDOWS,
    ObjectRef,
    View,
    parse_view,
)
from geo_data.case_stages import STATES
from geo_data.queries.case_filter import STANDINGS, CaseFilter
from geo_data.records import Severity

codes = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=24
)
keys = st.from_regex(r"\A[a-z][a-z0-9/-]{0,15}\Z").filter(lambda key: key != "none")
percents = st.integers(0, 100).map(lambda percent: percent / 100)
views = st.builds(
    View,
    region=st.none() | codes,
    selected=st.none() | st.builds(ObjectRef, st.sampled_from(OBJECT_KINDS), codes),
    window=st.sampled_from(WINDOWS),
    indicator=keys,
    tab=st.sampled_from(TABS),
    layers=st.none()
    | st.dictionaries(keys, percents, max_size=5).map(lambda layers: tuple(layers.items())),
    fold=st.frozensets(st.sampled_from(FOLDS)),
    cases=st.builds(
        CaseFilter,
        standing=st.none() | st.sampled_from(STANDINGS),
        channel=st.none() | codes,
        category=st.none() | codes,
        stage=st.none() | st.sampled_from(STATES),
        severity=st.none() | st.sampled_from(Severity),
    ),
    pages=st.integers(1, MOST_PAGES),
    sensor_kind=st.none() | keys,
    sources=st.none() | keys,
    sensor_state=st.none() | st.sampled_from(SENSOR_STATES),
    language=st.sampled_from(LANGUAGES),
    theme=st.sampled_from(THEMES),
)


@given(views)
def test_a_view_survives_its_url(view: View) -> None:
    assert parse_view(view.query()) == view


@given(views, st.builds(View, language=st.sampled_from(LANGUAGES)))
def test_a_view_survives_its_url_from_another_home(view: View, home: View) -> None:
    assert parse_view(view.query(home), home) == view


@given(st.text(max_size=200))
def test_no_query_breaks_the_page(query: str) -> None:
    view = parse_view(query)
    assert view.window in WINDOWS
    assert view.tab in TABS
    assert parse_view(view.query()) == view


def test_defaults_leave_the_address_clean() -> None:
    assert View().query() == "?"


def test_opacity_is_written_in_percent_and_left_out_when_full() -> None:
    view = View(layers=(("towns", 1.0), ("grids", 0.6)))
    assert view.query() == "?layers=towns,grids:60"


def test_all_layers_off_is_not_the_default() -> None:
    assert parse_view(View(layers=()).query()).layers == ()


@given(st.lists(st.tuples(st.sampled_from(["a", "b-c", "d"]), st.sampled_from([0.3, 0.6, 1.0]))))
def test_links_of_layers_say_what_the_view_would(layers: list[tuple[str, float]]) -> None:
    view, home = View(region="310117102", window="7d", theme="light"), View()
    asked = tuple(dict(layers).items())
    link = view.queries_of_layers(home)(asked)
    assert parse_view(link, home) == replace(view, layers=asked)
