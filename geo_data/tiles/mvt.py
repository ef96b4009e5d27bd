"""Mapbox Vector Tile 2.1, written: features of a layer as protobuf bytes, by whole columns.

Everything inside a feature of a tile is a varint: its lengths, id, tags and geometry. So all
features of a layer are one array of numbers, and one pass over it makes the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geo_data.tiles.commands import Whole
from geo_data.tiles.projection import EXTENT, Rows, runs

POINT, POLYGON = 1, 3

Value = str | int | float | bool
Bytes = npt.NDArray[np.uint8]


def varint_lengths(numbers: Whole) -> Rows:
    """Return how many bytes each number takes, shape (n,)."""
    lengths = np.ones(numbers.size, dtype=np.int64)
    if not numbers.size:
        return lengths
    most, bits = int(numbers.max()), 7
    while most >> bits:
        lengths += numbers >> np.uint64(bits) > 0
        bits += 7
    return lengths


def leb128(numbers: Whole, lengths: Rows) -> Bytes:
    """Return numbers as varints, one behind the other.

    Parameters
    ----------
    numbers : uint64, shape (n,)
    lengths : int64, shape (n,)
        Of :func:`varint_lengths`.
    """
    ends = np.cumsum(lengths)
    out = np.empty(int(ends[-1]) if ends.size else 0, dtype=np.uint8)
    at = ends - lengths
    out[at] = (numbers & np.uint64(0x7F)).astype(np.uint8) | _more(lengths > 1)
    longer = np.flatnonzero(lengths > 1)
    digit = 1
    while longer.size:
        wide = lengths[longer] > digit + 1
        low = (numbers[longer] >> np.uint64(7 * digit)) & np.uint64(0x7F)
        out[at[longer] + digit] = low.astype(np.uint8) | _more(wide)
        longer = longer[wide]
        digit += 1
    return out


def _more(flags: npt.NDArray[np.bool_]) -> Bytes:
    return flags.view(np.uint8) << np.uint8(7)


@dataclass(frozen=True, slots=True)
class Column:
    """A property of the features of a layer, each value written once for all its tiles.

    Parameters
    ----------
    key : str
        Its name.
    values : object array of bytes
        The different values, as :func:`value_bytes` writes them.
    codes : int64, shape (features,)
        Which of ``values`` a feature has; -1 where nobody said.
    is_unique : bool
        Whether no two features have the same, so that nobody need look.
    """

    key: str
    values: npt.NDArray[np.object_]
    codes: Rows
    is_unique: bool = False

    @classmethod
    def of(cls, key: str, values: Iterable[Any]) -> Column:
        """Return a column of values; ``None``, NaN and empty text are not said."""
        listed = list(values)
        said, codes = _coded(listed)
        held = np.empty(len(said), dtype=object)
        held[:] = [value_bytes(value) for value in said]
        return cls(key, held, codes, int((codes >= 0).sum()) == len(said))

    def take(self, rows: Rows) -> Column:
        """Return the column of some features."""
        return Column(self.key, self.values, self.codes[rows], self.is_unique)


_OF_ONE_KIND = frozenset({"string", "integer", "floating"})


def _coded(values: list[Any]) -> tuple[list[Value], Rows]:
    """Return the different values as they come, and which each row has; -1 where it says none."""
    # Half a second to load: only for who makes tiles.
    import pandas as pd
    from pandas.api.types import infer_dtype

    if infer_dtype(values, skipna=True) not in _OF_ONE_KIND:
        return _coded_one_by_one(values)
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value == "" else value for value in values]
    codes, said = pd.factorize(column)
    return list(map(_shortest, said.tolist())), codes.astype(np.int64)


def _coded_one_by_one(values: Iterable[Any]) -> tuple[list[Value], Rows]:
    known: dict[Any, int] = {}
    codes = [
        # With its type: True is 1 to a dict.
        -1
        if value is None or value == "" or value != value
        else known.setdefault((type(value), value), len(known))
        for value in values
    ]
    return [_shortest(value) for _, value in known], np.array(codes, dtype=np.int64)


def _shortest(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one geometry type in a tile, by columns of the same length.

    Parameters
    ----------
    kind : int
        ``POINT`` or ``POLYGON``.
    ids : int64, shape (f,)
        Not negative.
    commands : uint64
        Command integers of all features.
    counts : int64, shape (f,)
        How many of ``commands`` each has; without any it is left out.
    columns : sequence of Column
        Properties.
    """

    kind: int
    ids: Rows
    commands: Whole
    counts: Rows
    columns: Sequence[Column]

    def present(self) -> Features:
        """Return the features that have a geometry."""
        there = np.flatnonzero(self.counts)
        if there.size == self.counts.size:
            return self
        columns = [column.take(there) for column in self.columns]
        return Features(self.kind, self.ids[there], self.commands, self.counts[there], columns)


def layer_bytes(name: str, groups: Iterable[Features], extent: int = EXTENT) -> bytes:
    """Return one layer of a tile; empty if it has no features."""
    keys: dict[str, int] = {}
    values: list[bytes] = []
    bodies: list[bytes] = []
    for group in groups:
        present = group.present()
        if present.ids.size:
            bodies.append(_features_bytes(present, *_tags(present, keys, values)))
    if not bodies:
        return b""
    layer = b"".join(
        [
            b"\x78\x02",
            b"\x0a" + _sized(name.encode()),
            *bodies,
            *(b"\x1a" + _sized(key.encode()) for key in keys),
            *values,
            b"\x28" + _varint(extent),
        ]
    )
    return b"\x1a" + _sized(layer)


def _tags(group: Features, keys: dict[str, int], values: list[bytes]) -> tuple[Whole, Rows]:
    """Return the numbers of keys and values, and how many each feature has.

    New keys and values are added to the layer's tables.
    """
    n = group.ids.size
    pairs = np.zeros((n, 2 * len(group.columns)), dtype=np.uint64)
    said = np.zeros(pairs.shape, dtype=bool)
    for place, column in enumerate(group.columns):
        there = column.codes >= 0
        codes = column.codes[there]
        if not codes.size:
            continue
        number = keys.setdefault(column.key, len(keys))
        start = len(values)
        if column.is_unique:
            local = np.arange(codes.size)
        else:
            codes, local = np.unique(codes, return_inverse=True)
        values.extend(column.values[codes].tolist())
        pairs[:, 2 * place] = number
        pairs[there, 2 * place + 1] = local + start
        said[:, 2 * place] = said[:, 2 * place + 1] = there
    return pairs[said], said.sum(axis=1)


_TAG_FEATURE, _TAG_ID, _TAG_TAGS, _TAG_KIND, _TAG_GEOMETRY = 0x12, 0x08, 0x12, 0x18, 0x22
_FRAME = 10
"""Numbers of a feature beside its tags and geometry."""


def _features_bytes(group: Features, tags: Whole, tag_counts: Rows) -> bytes:
    """Lay out what each feature is: length, id, length of tags, tags, kind, length, geometry."""
    counts = _FRAME + tag_counts + group.counts
    ends = np.cumsum(counts)
    at = ends - counts
    numbers = np.empty(int(ends[-1]), dtype=np.uint64)
    tags_at = at + 6
    after = tags_at + tag_counts
    numbers[runs(tags_at, tag_counts)] = tags
    numbers[runs(after + 4, group.counts)] = group.commands
    tag_bytes = _summed(varint_lengths(tags), tag_counts)
    geometry_bytes = _summed(varint_lengths(group.commands), group.counts)
    ids = group.ids.astype(np.uint64)
    body = 5 + tag_bytes + geometry_bytes + varint_lengths(ids)
    body += varint_lengths(tag_bytes.astype(np.uint64))
    body += varint_lengths(geometry_bytes.astype(np.uint64))
    head: list[Any] = [_TAG_FEATURE, body, _TAG_ID, ids, _TAG_TAGS, tag_bytes]
    for offset, value in enumerate(head):
        numbers[at + offset] = value
    frame: list[Any] = [_TAG_KIND, group.kind, _TAG_GEOMETRY, geometry_bytes]
    for offset, value in enumerate(frame):
        numbers[after + offset] = value
    return leb128(numbers, varint_lengths(numbers)).tobytes()


def _summed(lengths: Rows, counts: Rows) -> Rows:
    """Return the sums of runs of ``lengths``."""
    total = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    ends = np.cumsum(counts)
    sums: Rows = total[ends] - total[ends - counts]
    return sums


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _sized(body: bytes) -> bytes:
    return _varint(len(body)) + body


_SHORT_TEXTS = [bytes((0x22, length + 2, 0x0A, length)) for length in range(0x7E)]
"""What goes before a text of so many bytes."""


def value_bytes(value: Value) -> bytes:
    """Return a property's value as an entry of a layer's table of values."""
    if isinstance(value, str):
        text = value.encode()
        if len(text) < len(_SHORT_TEXTS):
            return _SHORT_TEXTS[len(text)] + text
        said = b"\x0a" + _sized(text)
    elif isinstance(value, bool):
        said = b"\x38" + _varint(int(value))
    elif isinstance(value, int):
        said = b"\x30" + _varint((value << 1) ^ (value >> 63))
    else:
        said = b"\x19" + np.float64(value).astype("<f8").tobytes()
    return b"\x22" + _sized(said)
