"""How far an export is, in words."""

from __future__ import annotations

from dashboard.context import WORDS
from dashboard.exporting.sheets import PAGE


def step_words(step: str, language: str) -> str:
    """Return what is being done: ``page 3/18`` as the third page of eighteen.

    Examples
    --------
    >>> step_words("page 3/18", "en"), step_words("check", "en")
    ('page 3 of 18', 'checking')
    """
    if step.startswith(PAGE):
        page, pages = step.removeprefix(PAGE).split("/")
        return WORDS("export-step-page", language, page=page, pages=pages)
    key = f"export-step-{step}"
    return WORDS(key, language) if key in WORDS else ""
