"""An import of which nothing can be used: what was found until then is reported all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import shapely

from geo_data.city import City
from geo_data.crs import WGS_84
from geo_data.faults import InputError
from geo_data.importer.report import Finding, ImportReport, Outcome, SourceCount
from geo_data.words import Label


class ImportRefused(InputError):
    """Nothing was written; says why in a few words, and all of it in its report.

    Parameters
    ----------
    error : InputError
        What stopped the import.
    report : ImportReport
        All that was found until then.
    """

    def __init__(self, error: InputError, report: ImportReport) -> None:
        super().__init__(*error.faults, exit_code=error.exit_code)
        self.report = report


def refused(
    error: InputError,
    city: City,
    sources: Sequence[SourceCount],
    findings: Iterable[Finding],
    outline: shapely.Geometry | None,
) -> ImportRefused:
    """Return what stopped an import together with everything found before.

    Parameters
    ----------
    error : InputError
        What stopped it.
    city : City
        As its file declares it.
    sources : sequence of SourceCount
        Sources that were read.
    findings : iterable of Finding
        Of their rows.
    outline : polygon in EPSG:4326, optional
        The city's, where it is known; else its ``bbox`` is the ground of the map.
    """
    found = list(findings)
    known = [finding.fault for finding in found]
    whole = [Finding(Outcome.REFUSED, fault) for fault in error.faults if fault not in known]
    ground = shapely.box(*city.bbox) if outline is None else outline
    report = ImportReport(
        city_code=city.code,
        city_name=city.name,
        checked_only=True,
        sources=tuple(sources),
        findings=(*whole, *found),
        layers={},
        regions={city.root_level: gpd.GeoDataFrame(geometry=[ground], crs=WGS_84)},
        metric_crs=city.metric_crs,
        nothing_kept=True,
    )
    return ImportRefused(error, report)


def report_of(error: InputError, name: str) -> ImportReport:
    """Return the report of what stopped an import, at whatever step.

    Parameters
    ----------
    error : InputError
        As it was raised.
    name : str
        What to call the city while its file cannot be read.
    """
    if isinstance(error, ImportRefused):
        return error.report
    return ImportReport(
        city_code="",
        city_name=Label(zh=name, en=name),
        checked_only=True,
        sources=(),
        findings=tuple(Finding(Outcome.REFUSED, fault) for fault in error.faults),
        layers={},
        nothing_kept=True,
    )
