"""Which cases a filter leaves, in words: the same on the screen, on a sheet and in a file."""

from __future__ import annotations

from geo_data.dictionaries import major_categories, severity, stage, word
from geo_data.queries.case_filter import CaseFilter, Standing
from layers.style import WORDS


def standing_word(standing: Standing, language: str) -> str:
    """Say how a case stands."""
    return WORDS(f"standing-{standing}", language)


def filter_words(only: CaseFilter, language: str) -> str:
    """Say which cases a filter leaves; nothing where it leaves all."""
    said = [
        only.standing and standing_word(only.standing, language),
        only.channel and word("channels", only.channel, language),
        only.category and category_word(only.category, language),
        only.stage and stage(only.stage).label(language),
        only.severity and severity(only.severity).label(language),
    ]
    return " · ".join(one for one in said if one)


def category_word(code: str, language: str) -> str:
    """Say a major class or a minor one."""
    major = major_categories().get(code)
    return major.label(language) if major else word("categories", code, language)
