"""What the server keeps for tiles: a narrow table per layer, made once per version of its data.

A row is one shape over a span of zooms: in Web Mercator, generalised for the zooms of its band,
wound as tiles want it, with the first zoom it is drawn at. Rows lie in the order of a curve over
the city, and every band has its own index: what is under a pixel is not even looked at.
"""

from __future__ import annotations

import time
from hashlib import blake2b

from sqlalchemy import Connection, text

from geo_data.faults import Fault, InputError
from geo_data.store import STORE_EXIT, Store
from geo_data.store.server import ServerStore
from geo_data.tiles.density import THINNEST
from geo_data.tiles.held_layer import BANDS, HEAVY
from geo_data.tiles.projection import EXTENT, LAST_ZOOM, PIXEL
from geo_data.tiles.sources import FORMAT, LayerSource

AROUND = 40075016.68557849
"""Metres of Web Mercator around the equator: the side of the square."""
NEVER = LAST_ZOOM + 1
MAKERS = 0x79697074  # "yipt"
"""Key of the advisory lock that makers of tables of all processes take in turn."""
REPLICA_WAIT_S = 10.0

_REGISTRY = """
CREATE TABLE IF NOT EXISTS tile_tables (
  name text PRIMARY KEY, layer text NOT NULL, made_at timestamptz NOT NULL DEFAULT now())
"""


def table_of(store: Store, source: LayerSource) -> str:
    """Return the name of the table of a layer's present version, making it where it is missing.

    Raises
    ------
    InputError
        Exit code 3: the server cannot be asked, or its read-only copy does not follow.
    """
    known = store.layers()[source.layer]
    said = repr((FORMAT, source.layer, known.version, known.updated_at.isoformat()))
    name = f"tiles_{blake2b(said.encode(), digest_size=8).hexdigest()}"
    with store.read() as connection:
        if _is_there(connection, name):
            return name
    assert isinstance(store, ServerStore)
    # Beside the writers: of two million footprints it takes a minute, and cases come in meanwhile.
    with store.beside(MAKERS) as connection:
        connection.execute(text(_REGISTRY))
        # Somebody may have made it while this one waited for its turn.
        if not _is_there(connection, name):
            _make(connection, name, source)
    _wait_for_replica(store, name)
    return name


def _is_there(connection: Connection, name: str) -> bool:
    return connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None


def _wait_for_replica(store: Store, name: str) -> None:
    deadline = time.monotonic() + REPLICA_WAIT_S
    while time.monotonic() < deadline:
        with store.read() as connection:
            if _is_there(connection, name):
                return
        time.sleep(0.1)
    raise InputError(
        Fault("replica-late", values={"seconds": REPLICA_WAIT_S}), exit_code=STORE_EXIT
    )


def _make(connection: Connection, name: str, source: LayerSource) -> None:
    for number, statement in enumerate(_statements(name, source)):
        given = {"key": source.key} if number == 0 and source.key else {}
        connection.execute(text(statement), given)
    mine = {"name": name, "layer": source.layer}
    # Those who have not heard of the new version yet still read the one before.
    older = connection.scalars(
        text("SELECT name FROM tile_tables WHERE layer = :layer ORDER BY made_at DESC OFFSET 1"),
        {"layer": source.layer},
    ).all()
    for old in older:
        connection.execute(text(f"DROP TABLE IF EXISTS {old}"))
        connection.execute(text("DELETE FROM tile_tables WHERE name = :name"), {"name": old})
    connection.execute(text("INSERT INTO tile_tables (name, layer) VALUES (:name, :layer)"), mine)


def _statements(name: str, source: LayerSource) -> list[str]:
    """Return what makes the table, in order."""
    bands = [(low, high) for low, high, _ in _bands()]
    spans = [
        f"CREATE INDEX ON {name} USING gist (geom) WHERE from_zoom <= {high} AND to_zoom >= {low}"
        for low, high in bands
    ]
    counted = [
        f"CREATE INDEX ON {name} USING gist (geom) WHERE first_zoom > {low - 1}" for low, _ in bands
    ]
    return [_creation(name, source), *spans, *counted, f"ANALYZE {name}"]


def _bands() -> list[tuple[int, int, float]]:
    """Return first and last zoom of every band, and the metres its shapes may be moved."""
    starts = (0, *(last + 1 for last in BANDS))
    moved = (*(PIXEL / 4 * AROUND / (EXTENT << last) for last in BANDS), 0.0)
    return list(zip(starts, (*BANDS, NEVER), moved, strict=True))


_FIRST_ZOOM = f"""
coalesce((
  SELECT min(CASE WHEN area > 0 THEN least({NEVER}, greatest(0, ceil(
    ln(greatest({PIXEL} / sqrt(area), {THINNEST} * side / area) / {EXTENT}) / ln(2))))
    ELSE {NEVER} END)
  FROM (
    SELECT ST_Area(part.geom) / {AROUND**2} AS area,
      greatest(ST_XMax(part.geom) - ST_XMin(part.geom),
        ST_YMax(part.geom) - ST_YMin(part.geom)) / {AROUND} AS side
    FROM ST_Dump(geom) part WHERE ST_Dimension(part.geom) = 2) parts
), CASE WHEN is_area THEN {NEVER} ELSE 0 END)
"""


def _creation(name: str, source: LayerSource) -> str:
    kept = ["fid", *source.columns, *(() if source.family == "regions" else ("region_code",))]
    columns = ", ".join(dict.fromkeys(f'"{column}"' for column in kept))
    column = {"regions": "level", "places": "kind"}.get(source.family)
    where = f"WHERE {column} = :key" if column else ""
    shape = "ST_Transform(geom, 3857)" if source.family == "sensors" else "geom_3857"
    bands = ", ".join(f"({low}, {high}, {moved!r})" for low, high, moved in _bands())
    return f"""
CREATE TABLE {name} AS
WITH given AS (
  SELECT {columns}, ST_ForcePolygonCW(ST_Force2D({shape})) AS geom
  FROM {source.family} {where}
), sized AS (
  SELECT *, ST_Dimension(geom) = 2 AS is_area FROM given
  WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)
), told AS (
  SELECT *, CAST({_FIRST_ZOOM} AS smallint) AS first_zoom,
    (ST_XMin(geom) + ST_XMax(geom)) / {2 * AROUND} + 0.5 AS middle_x,
    0.5 - (ST_YMin(geom) + ST_YMax(geom)) / {2 * AROUND} AS middle_y,
    is_area AND ST_NPoints(geom) > {HEAVY} AS heavy
  FROM sized
)
SELECT {columns}, is_area, first_zoom, middle_x, middle_y, first_zoom AS from_zoom,
  CAST({NEVER} AS smallint) AS to_zoom,
  CASE WHEN is_area THEN geom ELSE ST_Point((middle_x - 0.5) * {AROUND},
    (0.5 - middle_y) * {AROUND}, 3857) END AS geom
FROM told WHERE NOT heavy
UNION ALL
SELECT {columns}, is_area, first_zoom, middle_x, middle_y,
  CAST(greatest(first_zoom, low) AS smallint), CAST(high AS smallint),
  CASE WHEN moved > 0 THEN ST_SimplifyPreserveTopology(geom, moved) ELSE geom END
FROM told, (VALUES {bands}) AS band (low, high, moved)
WHERE heavy AND first_zoom <= high
ORDER BY geom
"""
