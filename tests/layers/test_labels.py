"""Names never lie on one another, at no zoom, and the important ones come first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.records import Scope
from geo_data.store import Store
from layers.labels import (
    NEVER,
    WALL_LEAST_PX,
    Label,
    Name,
    Style,
    box_px,
    chain_styles,
    label_document,
    mercator,
    place_labels,
    width_em,
)

ALL = Scope.everything()
LARGE = Style("town", 14.0, 8.0, 14.0, 0.1)
SMALL = Style("park", 11.0, 9.0, NEVER)

NAMES = st.lists(
    st.builds(
        Name,
        text=st.text("松江区泗泾镇网格012ab", min_size=1, max_size=10),
        lon=st.floats(121.0, 121.3),
        lat=st.floats(31.0, 31.2),
        style=st.sampled_from([LARGE, SMALL]),
        code=st.just("x"),
    ),
    max_size=30,
)


def overlaps(labels: list[Label], zoom: float, wall: bool) -> list[tuple[str, str]]:
    """Names standing at a zoom whose boxes share room."""
    standing = [label for label in labels if label.min_zoom <= zoom < label.max_zoom]
    centres = mercator(
        [label.name.lon for label in standing], [label.name.lat for label in standing]
    ) * (2**zoom)
    halves = [np.array(box_px(label.name, wall)) / 2 for label in standing]
    return [
        (standing[i].name.text, standing[j].name.text)
        for i, j in itertools.combinations(range(len(standing)), 2)
        if (np.abs(centres[i] - centres[j]) < halves[i] + halves[j] - 1e-6).all()
    ]


@given(NAMES, st.booleans(), st.floats(8, 20))
def test_no_two_names_overlap_at_any_zoom(names: list[Name], wall: bool, zoom: float) -> None:
    assert overlaps(place_labels(names, wall), zoom, wall) == []


def test_the_more_important_name_comes_first() -> None:
    first = Name("泗泾镇", 121.2, 31.1, LARGE, "a")
    second = Name("九亭镇", 121.21, 31.1, LARGE, "b")
    found = {label.name.code: label.min_zoom for label in place_labels([first, second])}
    assert found["a"] == 8.0
    assert 10 < found["b"] < 14


def test_a_name_without_room_until_the_end_is_left_out() -> None:
    same = [Name("同处", 121.2, 31.1, SMALL, code) for code in "ab"]
    assert [label.name.code for label in place_labels(same)] == ["a"]


def test_room_is_free_again_when_a_name_goes() -> None:
    under = Name("园区", 121.2, 31.1, SMALL, "b")
    found = place_labels([Name("泗泾镇", 121.2, 31.1, LARGE, "a"), under])
    assert [(label.name.code, label.min_zoom) for label in found] == [("a", 8.0), ("b", 14.0)]


def test_letters_of_the_script_are_as_wide_as_high() -> None:
    assert width_em("泗泾镇") == 3
    assert width_em("N12") == pytest.approx(1.86)


def test_any_chain_has_styles_that_shrink_and_come_later() -> None:
    for keys in (["city", "precinct"], ["district", "town", "grid"], ["a", "b", "c", "d"]):
        styles = list(chain_styles(keys).values())
        sizes = [style.size_px for style in styles]
        assert sizes == sorted(sizes, reverse=True)
        starts = [style.min_zoom for style in styles]
        assert starts == sorted(starts)
        assert all(style.min_zoom < style.max_zoom for style in styles)
        assert styles[-1].max_zoom == NEVER


def test_the_document_names_every_region(lived: Store) -> None:
    said = label_document(lived, ALL, False)
    names = {row[0]: row for row in said["labels"]}
    assert {"district c", "town t0", "grid t0g0", "village v0"} <= set(names)
    text, lon, lat, style, min_zoom, max_zoom, code = names["town t0"]
    assert said["styles"][style][0] == "town"
    assert (code, text) == ("t0", "town t0")
    assert 121.2 < lon < 121.22
    assert 31.0 < lat < 31.02
    assert min_zoom < max_zoom


def test_on_the_wall_every_name_can_be_read_from_the_hall(lived: Store) -> None:
    said = label_document(lived, ALL, True)
    assert min(size for _, size, _ in said["styles"]) >= WALL_LEAST_PX
    assert label_document(lived, ALL, False)["styles"] != said["styles"]


def test_a_viewer_reads_only_names_in_scope(lived: Store) -> None:
    said = label_document(lived, Scope(region_code="t1"), False)
    codes = {row[6] for row in said["labels"]}
    assert "t1" in codes
    assert codes.isdisjoint({"c", "t0", "t0g0", "v0"})
