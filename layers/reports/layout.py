"""The official layout of Chinese documents (GB/T 9704—2012), in millimetres.

A4, 37 mm above and 28 mm left of a print area 版心 of 156 × 225 mm, 22 lines of 28 letters. Sizes
of type go by their names: 2号 is 22 points, 3号 16, 4号 14, 5号 10.5, 小5号 9.
"""

from __future__ import annotations

PAGE_MM = (210.0, 297.0)
TOP_MM, LEFT_MM = 37.0, 28.0
WIDE_MM, HIGH_MM = 156.0, 225.0
RIGHT_MM = PAGE_MM[0] - LEFT_MM - WIDE_MM
BOTTOM_MM = PAGE_MM[1] - TOP_MM - HIGH_MM
LINES = 22
LINE_MM = HIGH_MM / LINES
"""From line to line: 10.23 mm, 29 points."""
POINT_MM = 25.4 / 72

TITLE_PT, BODY_PT, PAGE_NUMBER_PT = 22.0, 16.0, 14.0
TABLE_PT, SMALL_PT = 10.5, 9.0
NUMBER_BELOW_MM = 7.0
"""From the print area to the dash of the page number."""
HEAD_RED = "#d7000f"
"""Red of the letterhead and of the line under it: a colour of documents, not a warning."""
INK = "#1a1a1a"
GREY = "#555555"
RULE_MM = 0.15


def mm(points: float) -> float:
    """Return points as millimetres."""
    return points * POINT_MM
