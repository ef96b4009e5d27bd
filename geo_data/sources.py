"""Where the rows of a city come from, as its file declares it, and how much is too much."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from geo_data.faults import nearest

_AREA = ("code", "name", "parent", "kind", "population", "wkt")
_POINT = ("lon", "lat")
FIELDS = {
    "regions": _AREA,
    "places": (*_AREA[:4], "wkt", *_POINT, "address", "floors", "use", "site"),
    "sensors": (*_AREA[:4], "wkt", *_POINT, "metric", "unit", "period-s", "place"),
}
"""What a column can be mapped to, by layer."""

DETECT = "detect"
"""The ``crs`` of a source whose coordinates are to be found out and put right."""

Count = Annotated[int, Field(gt=0)]


def wrong(key: str, /, **values: object) -> PydanticCustomError:
    """Return an error that ``read_city`` says as the fault ``key``, in both languages."""
    # Pydantic wants a literal template; the sentence itself comes out of words.toml.
    return PydanticCustomError("fault", "{fault}", {"fault": key, "values": values})


class Entry(BaseModel):
    """Base of everything declared in a file: kebab-case keys, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=AliasGenerator(alias=lambda name: name.replace("_", "-")),
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what was worked out from the old values does not come along."""
        made = super().model_copy(update=update, deep=deep)
        for name in made.__dict__.keys() - type(self).model_fields.keys():
            del made.__dict__[name]
        return made


class Basemap(Entry):
    """An optional raster ground: an intranet URL template or a local MBTiles file."""

    url: str | None = None
    file: Path | None = None
    attribution: str = ""
    max_zoom: int = 18


class Limits(Entry):
    """How much an import takes before it says no.

    Parameters
    ----------
    file_mb : int
        A single file, in MB.
    unpacked_mb : int
        What an archive may hold, unpacked, in MB.
    vertices : int
        Of a single geometry.
    """

    file_mb: Count = 1024
    unpacked_mb: Count = 2048
    vertices: Count = 2_000_000


class Source(Entry):
    """Where the rows of one layer come from: a file, or a table, view or query of a database.

    Parameters
    ----------
    layer : str
        ``regions``, ``places`` or ``sensors``.
    level : str, optional
        For regions: which level of the chain, or ``functional``.
    kind : str, optional
        For places and sensors: the kind of every row, unless a column says it.
    file : Path, optional
        Relative to the city file.
    file_layer : str, optional
        Which layer of a container, sheet of a workbook, or file of an archive.
    url, table, query : str, optional
        SQLAlchemy URL of a database, and its table or view (``schema.name``) or a ``SELECT``.
    password_env : str, optional
        Variable of the environment that holds the database's password.
    geometry_column : str, optional
        Which geometry of a database table; the first one where absent.
    crs : str, optional
        Wins over what the file says: an EPSG code, WKT or PROJ string, the name of a ``.prj``
        file, ``GCJ-02``/``BD-09``, or ``detect``.
    swapped : bool
        The file has latitude before longitude, or northing before easting.
    encoding : str, optional
        Of attribute tables; guessed where absent.
    columns : dict
        Our field -> their column; :data:`FIELDS` says which fields a layer has. A field that is
        not named here is taken from the column of its own name, where there is one.
    attributes : tuple of str
        For places: their columns to keep as they are, shown on the card.
    filter : dict
        Their column -> value or list of values a row must have.
    values : dict
        Our field -> (their value -> ours).
    without_location : {"refuse", "parent"}
        What becomes of a place without coordinates: refused, or put at a point of the region
        its ``parent`` column names and marked ``located = "parent"``.
    """

    layer: Literal["regions", "places", "sensors"]
    file: Path | None = None
    level: str | None = None
    kind: str | None = None
    file_layer: str | None = None
    url: str | None = None
    table: str | None = None
    query: str | None = None
    password_env: str | None = None
    geometry_column: str | None = None
    crs: str | None = None
    swapped: bool = False
    encoding: str | None = None
    columns: dict[str, str] = {}
    attributes: tuple[str, ...] = ()
    filter: dict[str, str | int | float | list[str | int | float]] = {}
    values: dict[str, dict[str, str]] = {}
    without_location: Literal["refuse", "parent"] = "refuse"

    @field_validator("url")
    @classmethod
    def _url_is_one(cls, url: str | None) -> str | None:
        try:
            return None if url is None else make_url(url).render_as_string(hide_password=False)
        except (ArgumentError, ValueError) as error:
            # What was written is not repeated: it may hold a password.
            raise wrong("bad-url") from error

    @field_serializer("url")
    def _password_is_not_kept(self, url: str | None) -> str | None:
        return None if url is None else make_url(url).render_as_string(hide_password=True)

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if (self.file is None) == (self.url is None):
            raise wrong("one-origin")
        if self.url is not None and (self.table is None) == (self.query is None):
            raise wrong("table-or-query")
        return self

    @model_validator(mode="after")
    def _fields_known(self) -> Source:
        known = FIELDS[self.layer]
        for name in [*self.columns, *self.values]:
            if name not in known:
                raise wrong("unknown-field", key=name, nearest=nearest(name, known))
        if self.layer != "regions" and self.kind is None and "kind" not in self.columns:
            raise wrong("no-kind", layer=self.layer)
        if self.layer != "places" and self.without_location == "parent":
            raise wrong("parent-only-places")
        return self

    @property
    def origin(self) -> str:
        """Where the rows come from, for people: the file, or the database without its password."""
        if self.url is None:
            return str(self.file)
        shown = make_url(self.url).set(password=None).render_as_string()
        return f"{shown} · {self.table or 'SELECT'}"
