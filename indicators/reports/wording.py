"""The wordings of the reports' tables."""

from __future__ import annotations

from pathlib import Path

from geo_data.words import Words

WORDS = Words.load(Path(__file__).with_name("words.toml"))
