"""The declared life of a case: what may follow what, and that nothing is refused for it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geo_data.case_stages import DROPPED, ENDED, LIFE, MAIN_LINE, NEXT, STATES, Life
from geo_data.records import Stage, StageChange
from geo_data.stage_clock import out_of_order

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def history(*stages: str) -> list[StageChange]:
    times = [START + timedelta(hours=n) for n in range(len(stages))]
    return [StageChange(Stage(key), at, at) for key, at in zip(stages, times, strict=True)]


@pytest.mark.parametrize(
    "stages",
    [
        [str(stage) for stage in MAIN_LINE],
        ["found", "accepted", "filed", "dispatched", "returned", "dispatched", "handled", "closed"],
        ["dispatched", "extended", "handled", "verified", "reworked", "handled", "closed"],
        ["accepted", "filed", "dispatched", "supervised", "supervised", "handled", "closed"],
        ["found", "accepted", "merged"],
        ["filed", "dispatched", "suspended", "voided"],
        ["found", "handled", "closed", "evaluated", "reworked"],
    ],
)
def test_what_happens_in_a_district_is_in_order(stages: list[str]) -> None:
    assert not any(out_of_order(history(*stages)))


@pytest.mark.parametrize(
    ("stages", "astray"),
    [
        (["closed"], [0]),
        (["found", "evaluated"], [1]),
        (["found", "accepted", "found"], [2]),
        (["dispatched", "closed"], [1]),
        (["filed", "extended", "dispatched"], [1]),
        (["accepted", "voided", "dispatched", "handled"], [2]),
        (["accepted", "merged", "closed"], [2]),
    ],
)
def test_what_cannot_happen_is_marked(stages: list[str], astray: list[int]) -> None:
    marked = out_of_order(history(*stages))
    assert [row for row, is_astray in enumerate(marked) if is_astray] == astray


@given(st.lists(st.sampled_from(Stage), max_size=12), st.integers())
def test_marks_are_those_of_a_plain_walk_whatever_the_order_of_arrival(
    stages: list[Stage], seed: int
) -> None:
    steps = history(*stages)
    walked: list[bool] = []
    before: Stage | None = None
    for stage in stages:
        if stage not in STATES:  # A note, which moves nothing.
            walked.append(False)
            continue
        starts = before is None and stage is Stage.FOUND
        walked.append(not starts and stage not in NEXT[before or Stage.FOUND])
        before = stage
    shuffled = random.Random(seed).sample(steps, len(steps))
    assert out_of_order(steps) == walked == out_of_order(shuffled)


def test_what_is_noted_is_never_out_of_order() -> None:
    steps = history("found", "contacted", "handled", "accepted", "satisfied", "signed")
    # Accepted after handled is; the notes in between move nothing.
    assert out_of_order(steps) == [False, False, False, True, False, False]


def test_a_merged_case_has_ended_and_is_not_assessed() -> None:
    assert Stage.MERGED in ENDED & DROPPED
    assert Stage.MERGED not in LIFE.main_line


def test_a_case_can_reach_its_end_from_everywhere() -> None:
    for stage in STATES:
        reached, seen = {stage}, set[Stage]()
        while reached - seen:
            here = (reached - seen).pop()
            seen.add(here)
            reached |= NEXT[here]
        assert seen & ENDED, stage


@pytest.mark.parametrize(
    "change",
    [
        {"ends": ["closed"]},
        {"ties": ["found"]},
        {"next": {"found": []}},
        {"pauses": ["handled"]},
        {"starts-clock": "sent"},
    ],
)
def test_a_machine_with_a_hole_is_refused(change: dict[str, object]) -> None:
    table = LIFE.model_dump(by_alias=True) | change
    with pytest.raises(ValidationError):
        Life.model_validate(table)
