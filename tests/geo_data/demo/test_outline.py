import pytest
import shapely

from geo_data.demo.outline import read_outline, to_degrees
from geo_data.faults import InputError


def test_songjiang_is_as_large_as_it_is() -> None:
    outline = read_outline("310117")
    assert outline.name == "松江区"
    assert outline.metric_crs == "EPSG:4549"
    assert outline.area_m2 / 1e6 == pytest.approx(605.64, rel=0.01)


def test_outline_lies_where_it_is_not_where_the_web_map_draws_it() -> None:
    outline = read_outline("310117")
    middle = to_degrees(outline.parts, outline.metric_crs).iloc[0].centroid
    # The middle of the outline that geoBoundaries has, in WGS-84; GCJ-02 is 0.0045 degrees east.
    assert middle.x == pytest.approx(121.2158, abs=0.001)
    assert middle.y == pytest.approx(31.0171, abs=0.001)


def test_parts_and_holes_are_kept() -> None:
    outline = read_outline("110113")
    assert sum(len(part.interiors) for part in outline.parts) == 1
    assert shapely.is_valid(outline.parts).all()
    assert (shapely.area(outline.parts)[:-1] >= shapely.area(outline.parts)[1:]).all()


@pytest.mark.parametrize("adcode", ["999999", "310000", "100000", "", "松江"])
def test_unknown_adcode_names_a_near_one(adcode: str) -> None:
    with pytest.raises(InputError) as caught:
        read_outline(adcode)
    (fault,) = caught.value.faults
    assert fault.key == "unknown-adcode"
    near = str(fault.values["nearest"])
    assert read_outline(near[:6]).name == near[7:]
