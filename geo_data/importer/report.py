"""What an import did: rows read, kept, repaired and refused, and why, row by row."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import geopandas as gpd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from geo_data.faults import WORDS, Fault
from geo_data.words import DEFAULT_LANGUAGE, Label

EXAMPLES = 3
"""How many rows a printed reason names; the JSON names all."""


class Outcome(StrEnum):
    """What became of the row, or of the source, a finding is about."""

    REFUSED = "refused"
    REPAIRED = "repaired"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an import came upon; a noted row is kept as it is."""

    outcome: Outcome
    fault: Fault
    at: tuple[float, float] | None = None
    """``(lon, lat)`` where it is, as far as it is anywhere."""

    def as_dict(self, language: str = DEFAULT_LANGUAGE) -> dict[str, object]:
        """Return the finding as plain values, its sentences in ``language``."""
        fault = self.fault
        return {
            "outcome": self.outcome.value,
            "key": fault.key,
            "file": fault.file,
            "row": fault.row,
            "field": fault.field,
            "at": None if self.at is None else [round(degree, 6) for degree in self.at],
            "values": {name: _plain(value) for name, value in fault.values.items()},
            "reason": fault.reason(language),
            "remedy": fault.remedy(language),
        }


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many rows of one source were read, and how many of them are in the store's layer."""

    layer: str
    file: str
    read: int
    kept: int
    repaired: int
    refused: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with ``checked_only`` what it would do.

    Parameters
    ----------
    city_code, city_name
        Which city.
    checked_only : bool
        Nothing was written.
    sources : tuple of SourceCount
        In the order of the city file; a derived layer has its parents' files.
    findings : tuple of Finding
        Every row refused, repaired or worth a look.
    layers : Mapping
        Layer -> rows that the store holds now.
    regions : Mapping
        Level -> its areas in EPSG:4326, coarsest first: the ground of the report's map.
    metric_crs : str
        What areas were measured in.
    nothing_kept : bool
        The import as a whole was refused.
    """

    city_code: str
    city_name: Label
    checked_only: bool
    sources: tuple[SourceCount, ...]
    findings: tuple[Finding, ...]
    layers: Mapping[str, int]
    regions: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    metric_crs: str = ""
    nothing_kept: bool = False

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Rows that are not in the store."""
        return self._with(Outcome.REFUSED)

    @property
    def repaired(self) -> tuple[Finding, ...]:
        """Rows that are in the store in a mended form."""
        return self._with(Outcome.REPAIRED)

    @property
    def noted(self) -> tuple[Finding, ...]:
        """Rows and layers that are in the store as they came, and worth a look."""
        return self._with(Outcome.NOTED)

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 0 all rows are in, 1 some were refused, 2 all."""
        if self.nothing_kept:
            return 2
        return 1 if self.refused else 0

    def _with(self, outcome: Outcome) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome is outcome)

    def as_json(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the whole report, every row of it, as JSON."""
        body = {
            "city": {"code": self.city_code, "name": self.city_name(language)},
            "checked_only": self.checked_only,
            "exit_code": self.exit_code,
            "layers": dict(self.layers),
            "sources": [
                {name: getattr(count, name) for name in SourceCount.__slots__}
                for count in self.sources
            ],
            "findings": [finding.as_dict(language) for finding in self.findings],
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def as_table(self, language: str = DEFAULT_LANGUAGE) -> RenderableType:
        """Return the report for a terminal: counts per source, then reasons with examples."""
        title = "report-title-check" if self.checked_only else "report-title"
        parts: list[RenderableType] = [
            _counts(
                self.sources,
                WORDS(title, language, name=self.city_name(language), code=self.city_code),
                language,
            )
        ]
        if self.findings:
            parts.append(_reasons(self.findings, language))
        else:
            parts.append(Text(WORDS("report-clean", language)))
        return Group(*parts)


def _counts(sources: Iterable[SourceCount], title: str, language: str) -> Table:
    table = Table(title=title, title_justify="left")
    for key in ("layer", "file"):
        table.add_column(WORDS(f"report-{key}", language))
    for key in ("read", "kept", "repaired", "refused"):
        table.add_column(WORDS(f"report-{key}", language), justify="right")
    for count in sources:
        numbers = (count.read, count.kept, count.repaired, count.refused)
        table.add_row(count.layer, Text(count.file), *(f"{number:,}" for number in numbers))
    return table


def _reasons(findings: Iterable[Finding], language: str) -> Table:
    groups: dict[tuple[Outcome, str | None, str, str | None], list[Fault]] = defaultdict(list)
    for finding in findings:
        fault = finding.fault
        groups[finding.outcome, fault.file, fault.key, fault.field].append(fault)
    order = list(Outcome)
    table = Table(show_lines=True)
    for key in ("outcome", "count", "reason"):
        table.add_column(WORDS(f"report-{key}", language))
    for (outcome, *_), faults in sorted(
        groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]))
    ):
        word = WORDS(f"report-{outcome.value}", language)
        table.add_row(word, f"{len(faults):,}", _example_lines(faults, language))
    return table


def _example_lines(faults: list[Fault], language: str) -> Text:
    lines = [
        f"{where}: {fault.reason(language)}"
        if (where := fault.where(language))
        else fault.reason(language)
        for fault in faults[:EXAMPLES]
    ]
    if len(faults) > EXAMPLES:
        lines.append(WORDS("report-more", language, n=len(faults) - EXAMPLES))
    lines.append("→ " + faults[0].remedy(language))
    return Text("\n".join(lines))


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
