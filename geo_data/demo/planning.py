"""Which plan a district gets, and the noise that frays it."""

from __future__ import annotations

import numpy as np

from geo_data.demo.elsewhere import plan_elsewhere
from geo_data.demo.home import HOME_ADCODE, plan_home
from geo_data.demo.outline import Outline
from geo_data.demo.plan import Plan

_NOISE_WAVES = 12


def make_plan(outline: Outline, seed: int) -> Plan:
    """Plan a district: what is known of Songjiang, something plausible elsewhere."""
    random = np.random.default_rng([seed, int(outline.adcode), 1])
    heading = random.uniform(0.0, 2.0 * np.pi, _NOISE_WAVES)
    pace = 2.0 * np.pi * random.uniform(0.6, 1.5, _NOISE_WAVES)
    phase = random.uniform(0.0, 2.0 * np.pi, _NOISE_WAVES)
    waves = np.array([np.cos(heading) * pace, np.sin(heading) * pace, phase])
    if outline.adcode == HOME_ADCODE:
        return plan_home(outline, waves, random)
    return plan_elsewhere(outline, waves, random)
