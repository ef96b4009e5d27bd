"""The wordings of the indicators, and how a description is made of a key and its wordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from geo_data.words import LANGUAGES, Label, Words
from indicators.formulas import ADDITIVE
from indicators.spec import Array, Better, Grain, Indicator, Need, Role

WORDS = Words.load(Path(__file__).with_name("words.toml"))
EVALUATED: tuple[Role, ...] = ("leader", "evaluator")
"""Whose business the measures of evaluation (考核) are."""
STATUSES = ("normal", "blue", "yellow", "orange", "red", "none")
"""Every status a value can have, calm to grave; ``none`` is a value without a threshold."""


def label(key: str) -> Label:
    """Return the wording of ``key`` in both languages."""
    zh, en = (WORDS(key, language) for language in LANGUAGES)
    return Label(zh=zh, en=en)


def status_word(status: str) -> Label:
    """Return the word that stands beside the colour of a status."""
    return label(f"status-{status}")


def describe(
    key: str,
    group: str,
    unit: str,
    grain: Grain,
    better: Better,
    needs: tuple[Need, ...],
    value: Callable[..., Array],
    roles: tuple[Role, ...] = ("duty", "leader"),
) -> Indicator:
    """Describe an indicator; its wordings are ``<key>``, ``<key>-formula``, ``<key>-basis``.

    Parameters
    ----------
    unit : str
        ``unit-<unit>`` is its wording.

    Raises
    ------
    KeyError
        A wording is not in ``words.toml``.
    """
    return Indicator(
        key=key,
        name=label(key),
        unit_label=label(f"unit-{unit}"),
        group=group,
        grain=grain,
        better=better,
        formula=label(f"{key}-formula"),
        basis=label(f"{key}-basis"),
        needs=needs,
        value=value,
        additive=value in ADDITIVE,
        roles=roles,
    )
