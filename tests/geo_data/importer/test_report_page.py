"""The report as a page: every refused row in it, its place on the map, and nothing from outside."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from markupsafe import escape

from geo_data.importer import report_page
from tests.geo_data.workshop import NORTH, SOUTH, Workshop, ward


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_refused_row_is_listed_and_drawn(
    tmp_path: Path, now: datetime, language: str
) -> None:
    bad = ward("<b>X", NORTH)
    report = Workshop(tmp_path).prepare([ward("W01", SOUTH), ward("W02", NORTH), bad]).report
    page = report_page(report, now, language)
    (finding,) = report.refused
    (row,) = re.findall(r'<tr data-o="refused"[^>]*>.*?</tr>', page, re.S)
    assert 'data-x="' in row
    assert "&lt;b&gt;X" in row
    assert "<b>X" not in page
    assert escape(finding.fault.remedy(language)) in row
    assert re.search(r'<path class="refused" d="M\d+', page)
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
