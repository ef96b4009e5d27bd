import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data.demo.mesh import Bend, Mesh, area_and_middle, chord_through, halves_of

SQUARE = np.array([[0.0, 0.0], [2000.0, 0.0], [2000.0, 1500.0], [0.0, 1500.0]])
WEDGE = np.array([[0.0, 0.0], [3000.0, 0.0], [3000.0, 90.0]])
HOOK = np.array(
    [[0.0, 0.0], [900.0, 0.0], [900.0, 700.0], [700.0, 700.0], [700.0, 200.0], [0.0, 200.0]]
)


def mesh_of(corners: np.ndarray) -> Mesh:
    return Mesh(corners, np.full(len(corners), -1, dtype=np.int64))


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 0.2),
    st.floats(0.0, 0.1),
    st.floats(0.0, 150.0),
    st.floats(0.0, 60.0),
    st.sampled_from([SQUARE, HOOK, WEDGE]),
)
def test_whatever_is_cut_still_tiles(
    seed: int, bow: float, rough: float, jog_m: float, snap_m: float, corners: np.ndarray
) -> None:
    random = np.random.default_rng(seed)
    mesh = mesh_of(corners)
    bend = Bend(bow, rough, 60.0, jog_m, 250.0, snap_m)
    rings = [list(range(len(corners)))]
    for _ in range(25):
        at = int(random.integers(len(rings)))
        ring = mesh.refined(rings[at])
        xy = mesh.at(ring)
        _, x, y = area_and_middle(xy)
        chord = chord_through(xy, (x, y), float(random.uniform(0, np.pi)))
        halves = mesh.cut(ring, xy, chord, bend, random) if chord else None
        if halves:
            rings[at : at + 1] = halves
    faces = mesh.polygons(rings)
    assert len(faces) > 2
    assert shapely.is_valid(faces).all()
    assert shapely.coverage_is_valid(faces)
    whole = shapely.Polygon(corners).area
    assert abs(shapely.area(faces).sum() - whole) < 1e-9 * whole


def test_a_line_beside_a_face_does_not_cut_it() -> None:
    closed = np.concatenate((SQUARE, SQUARE[:1]))
    assert chord_through(closed, (0.0, 4000.0), 0.0) is None


def test_a_chord_is_the_piece_nearest_to_its_point() -> None:
    closed = np.concatenate((HOOK, HOOK[:1]))
    chord = chord_through(closed, (800.0, 450.0), 0.0)
    assert chord is not None
    ends = sorted((chord.start, chord.end))
    assert np.allclose(ends, [(700.0, 450.0), (900.0, 450.0)], rtol=0, atol=1e-9)
    one, two = halves_of(closed, chord)
    parts_m2 = area_and_middle(one)[0] + area_and_middle(two)[0]
    assert abs(parts_m2 - area_and_middle(closed)[0]) < 1e-6


def test_area_and_middle_of_a_known_face() -> None:
    closed = np.concatenate((SQUARE, SQUARE[:1])) + 600_000.0
    assert area_and_middle(closed) == (3_000_000.0, 601_000.0, 600_750.0)


def test_edges_on_a_line_know_their_line() -> None:
    mesh = Mesh(SQUARE, np.array([3, 3, -1, -1], dtype=np.int64))
    ring = [0, 1, 2, 3]
    xy = mesh.at(ring)
    chord = chord_through(xy, (1000.0, 700.0), np.pi / 2.0)
    assert chord is not None
    one, two = mesh.cut(ring, xy, chord, Bend(), np.random.default_rng(1)) or ([], [])
    assert len(one) == len(two) == 4
    south = mesh.refined(ring)[1]
    assert mesh.line_of((0, south)) == mesh.line_of((south, 1)) == 3
    assert mesh.line_of((1, 2)) == -1
