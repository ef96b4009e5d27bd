"""Reports 日研判、周提示、月通报、季分析、年总结: what they say, out of the screen's numbers."""

from indicators.reports.content import Report
from indicators.reports.making import make_report
from indicators.reports.terms import EXAMPLES, Kind, Term, term

__all__ = ["EXAMPLES", "Kind", "Report", "Term", "make_report", "term"]
