"""A history amounts to the same whatever code reads it: columns against plain loops."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo_data.case_clock import CaseClock, case_clock
from geo_data.case_stages import BESIDE, ENDED, LIFE, MAIN_LINE
from geo_data.dictionaries import channel
from geo_data.histories import NEVER, STAGE_INDEX, STAGES, Cases, Steps, Verdict, judge, order_steps
from geo_data.records import Stage
from geo_data.rollups.contributions import MEASURES, Counts, count, difference
from geo_data.time_limits import TimeLimit, default_limits
from geo_data.working_calendar import WorkingCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAIN = WorkingCalendar(holidays="none")
CLOCK = case_clock(PLAIN, default_limits(), "Asia/Shanghai")
MONDAY = datetime(2025, 6, 30, 9, tzinfo=SHANGHAI)
History = list[tuple[Stage, datetime]]


def ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def at_ms(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))


def columns(histories: list[History], category: str = "0102") -> tuple[Cases, Steps]:
    n = len(histories)
    start = np.full(n, ms(MONDAY), dtype=np.int64)
    cases = Cases(
        start,
        start,
        np.array(["patrol"] * n, dtype=object),
        np.array([category] * n, dtype=object),
        np.full(n, 4),
        np.array(["g1"] * n, dtype=object),
    )
    rows = [(row, step, at) for row, history in enumerate(histories) for step, at in history]
    steps, _ = order_steps(
        n,
        np.array([row for row, _, _ in rows], dtype=np.int64),
        np.array([STAGE_INDEX[step] for _, step, _ in rows], dtype=np.uint8),
        np.array([ms(at) for _, _, at in rows], dtype=np.int64),
    )
    return cases, steps


def verdict_of(history: History, category: str = "0102", clock: CaseClock = CLOCK) -> Verdict:
    return judge(*columns([history], category), clock)


def time_limit(category: str) -> TimeLimit:
    table = default_limits()
    return table.rows[table.editions(category)[-1][1]]


def due_of(history: History, category: str = "0102") -> datetime | None:
    due = int(verdict_of(history, category).due_ms[0])
    return None if due == NEVER else at_ms(due).astimezone(SHANGHAI)


def after(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


# --- the stage and the end -------------------------------------------------------------------


def test_a_case_nobody_touched_is_found_when_it_happened() -> None:
    verdict = verdict_of([])
    assert STAGES[verdict.stage[0]] is Stage.FOUND
    assert (verdict.stage_ms[0], verdict.ended_ms[0]) == (ms(MONDAY), NEVER)


def test_the_latest_step_is_the_stage_and_an_end_wins_a_tie() -> None:
    verdict = verdict_of([(Stage.CLOSED, after(3)), (Stage.HANDLED, after(3))])
    assert STAGES[verdict.stage[0]] is Stage.CLOSED


def test_an_evaluation_does_not_move_the_closing() -> None:
    verdict = verdict_of([(Stage.EVALUATED, after(30)), (Stage.CLOSED, after(3))])
    assert STAGES[verdict.stage[0]] is Stage.EVALUATED
    assert verdict.ended_ms[0] == ms(after(3))


def test_rework_opens_a_closed_case_until_it_is_closed_again() -> None:
    history = [(Stage.CLOSED, after(3)), (Stage.REWORKED, after(4))]
    assert verdict_of(history).ended_ms[0] == NEVER
    assert verdict_of([*history, (Stage.CLOSED, after(6))]).ended_ms[0] == ms(after(6))


# --- when it is due --------------------------------------------------------------------------


def test_four_working_hours_from_dispatch() -> None:
    assert time_limit("0102").amount == 4
    assert due_of([(Stage.ACCEPTED, after(0))]) is None
    assert due_of([(Stage.DISPATCHED, after(1))]) == after(5)


def test_working_hours_end_in_the_evening_and_on_friday() -> None:
    # Dispatched on Monday 16:00: one hour that day, three on Tuesday.
    assert due_of([(Stage.DISPATCHED, after(7))]) == datetime(2025, 7, 1, 12, tzinfo=SHANGHAI)
    saturday = datetime(2025, 7, 5, 3, tzinfo=SHANGHAI)
    assert due_of([(Stage.DISPATCHED, saturday)]) == datetime(2025, 7, 7, 13, tzinfo=SHANGHAI)


def test_a_limit_that_ends_with_the_day_ends_at_closing_time() -> None:
    assert due_of([(Stage.DISPATCHED, after(4))]) == datetime(2025, 6, 30, 17, tzinfo=SHANGHAI)


def test_emergencies_run_all_hours() -> None:
    limit = time_limit("0402")
    assert not limit.is_working
    assert due_of([(Stage.DISPATCHED, after(12))], "0402") == after(12 + limit.amount)


def test_an_extension_stops_the_clock_until_the_next_step() -> None:
    stopped = [(Stage.DISPATCHED, after(0)), (Stage.EXTENDED, after(1))]
    assert due_of(stopped) is None
    assert due_of([*stopped, (Stage.HANDLED, after(3))]) == after(6)
    assert due_of([*stopped, (Stage.SUSPENDED, after(2)), (Stage.HANDLED, after(3))]) == after(6)


def test_a_stop_after_the_limit_saves_nobody() -> None:
    assert due_of([(Stage.DISPATCHED, after(0)), (Stage.SUSPENDED, after(5))]) == after(4)


def test_a_new_dispatch_gives_the_whole_time_again() -> None:
    history = [(Stage.DISPATCHED, after(0)), (Stage.RETURNED, after(1))]
    assert due_of([*history, (Stage.DISPATCHED, after(2))]) == after(6)


HOURS = st.integers(0, 24 * 21 * 4).map(lambda quarters: after(quarters / 4))
HISTORY = st.lists(st.tuples(st.sampled_from(Stage), HOURS), max_size=9, unique=True)


def plain_order(history: History) -> History:
    """Put in order what moves the case."""
    history = [step for step in history if step[0] not in BESIDE]
    last = [Stage.REWORKED, Stage.CLOSED, Stage.EVALUATED, Stage.MERGED, Stage.VOIDED]
    first = [Stage.FOUND, Stage.ACCEPTED, Stage.FILED, Stage.RETURNED, Stage.DISPATCHED]
    middle = [Stage.SUPERVISED, Stage.EXTENDED, Stage.SUSPENDED, Stage.HANDLED, Stage.VERIFIED]
    ties = [*first, *middle, *last]
    return sorted(history, key=lambda step: (step[1], ties.index(step[0])))


def plain_due(history: History, category: str) -> datetime | None:
    """Walk quarter hour by quarter hour, the way a clerk would."""
    limit = time_limit(category)
    starts = [row for row, (stage, _) in enumerate(history) if stage is Stage.DISPATCHED]
    if not starts:
        return None
    return walked(history, starts[-1], round(limit.amount * 4), limit.is_working)


def walked(history: History, start: int, left: int, is_working: bool) -> datetime | None:
    """Let quarter hours go by from a step on, unless the clock stands still."""
    now, row, running = history[start][1], start + 1, True
    while left:
        while row < len(history) and history[row][1] <= now:
            stage = history[row][0]
            running = stage in MAIN_LINE or (
                running and stage not in (Stage.EXTENDED, Stage.SUSPENDED)
            )
            row += 1
        if not running:
            if row == len(history):
                return None
            now = history[row][1]
            continue
        local = now.astimezone(SHANGHAI)
        works = local.weekday() < 5 and 9 <= local.hour < 17
        left -= works or not is_working
        now += timedelta(minutes=15)
    return now


@given(st.lists(HISTORY, min_size=1, max_size=4), st.sampled_from(["0102", "0402", "0301"]))
def test_columns_judge_like_plain_loops(histories: list[History], category: str) -> None:
    verdict = judge(*columns(histories, category), CLOCK)
    for row, history in enumerate(map(plain_order, histories)):
        stage = history[-1][0] if history else Stage.FOUND
        assert STAGES[verdict.stage[row]] is stage
        tail = len(history)
        while tail and history[tail - 1][0] in ENDED:
            tail -= 1
        ended = ms(history[tail][1]) if tail < len(history) else NEVER
        assert verdict.ended_ms[row] == ended
        due = plain_due(history, category)
        assert verdict.due_ms[row] == (NEVER if due is None else ms(due))


# --- what is counted -------------------------------------------------------------------------


def counted(history: History, channel_key: str = "patrol") -> dict[tuple[str, date], int]:
    cases, steps = columns([history])
    cases.channel[0] = channel_key
    counts = count(cases, steps, judge(cases, steps, CLOCK), SHANGHAI, lambda code: code)
    return {
        (MEASURES[measure], date(1970, 1, 1) + timedelta(days=int(counts.days[row]))): int(
            counts.measures[row, measure]
        )
        for row, measure in zip(*np.nonzero(counts.measures), strict=True)
    }


def plain_counts(history: History, channel_key: str) -> Counter[tuple[str, date]]:
    notes = sorted((step for step in history if step[0] in BESIDE), key=lambda step: step[1])
    history = plain_order(history)
    due = plain_due(history, "0102")
    verdict = verdict_of(history)
    ended = None if verdict.ended_ms[0] == NEVER else at_ms(int(verdict.ended_ms[0]))
    voided = STAGES[verdict.stage[0]] in (Stage.VOIDED, Stage.MERGED)
    found: list[tuple[str, datetime]] = [("reported", MONDAY)]
    found += [("hotline", MONDAY)] if channel_key == "hotline" else []
    filings = [at for stage, at in history if stage is Stage.FILED]
    found += [("filed", filings[0])] if filings else []
    found += [("proactive", filings[0])] if filings and channel(channel_key).proactive else []
    found += [("closed", ended)] if ended and not voided else []
    found += [("due", due)] if due and not voided else []
    found += [("closed_on_time", due)] if due and ended and not voided and ended <= due else []
    found += [("reworked", at) for stage, at in history if stage is Stage.REWORKED]
    found += [("extended", at) for stage, at in history if stage is Stage.EXTENDED]
    found += [("filed_of_reported", MONDAY)] if filings else []
    if channel_key == "hotline":
        found += [("hotline_due", at) for measure, at in found if measure == "due"]
        found += [("hotline_on_time", at) for measure, at in found if measure == "closed_on_time"]
    found += [] if voided else plain_answers(history, notes, channel_key == "hotline")
    return Counter((measure, at.astimezone(SHANGHAI).date()) for measure, at in found)


OUTCOMES = (Stage.RESOLVED, Stage.EXPLAINED)
ANSWERS = (Stage.SATISFIED, Stage.FAIRLY_SATISFIED, Stage.NEUTRAL, Stage.UNSATISFIED)


def plain_answers(history: History, notes: History, called: bool) -> list[tuple[str, datetime]]:
    found: list[tuple[str, datetime]] = []
    sent = [at for stage, at in history if stage is Stage.DISPATCHED]
    if sent:
        sign_by = walked([(Stage.DISPATCHED, sent[-1])], 0, 4, True)
        call_by = walked([(Stage.DISPATCHED, sent[-1])], 0, 8 * 4, True)
        assert sign_by
        assert call_by
        found += [("sign_due", sign_by)] + [("contact_due", call_by)] * called
        if any(stage is Stage.SIGNED and sent[-1] <= at <= sign_by for stage, at in notes):
            found += [("signed_in_time", sign_by)]
        if called and any(stage is Stage.CONTACTED and at <= call_by for stage, at in notes):
            found += [("contacted_in_time", call_by)]
    for kinds in (OUTCOMES, ANSWERS):
        # Said at the same time: the one that the dictionary lists last.
        said = [step for step in notes if step[0] in kinds]
        if said:
            stage, at = max(said, key=lambda step: (step[1], LIFE.beside.index(step[0])))
            found += [(stage.replace("-", "_"), at)]
    return found


@given(HISTORY, st.sampled_from(["patrol", "hotline", "police"]))
def test_columns_count_like_plain_loops(history: History, channel_key: str) -> None:
    assert counted(history, channel_key) == plain_counts(history, channel_key)


@given(st.lists(HISTORY, min_size=1, max_size=4), st.lists(HISTORY, min_size=1, max_size=4))
def test_old_plus_the_difference_is_new(old: list[History], new: list[History]) -> None:
    def both(histories: list[History]) -> Counts:
        cases, steps = columns(histories)
        return count(cases, steps, judge(cases, steps, CLOCK), SHANGHAI, lambda code: "t")

    def spread(counts: Counts) -> Counter[object]:
        total: Counter[object] = Counter()
        for day, region, row in zip(counts.days, counts.regions, counts.measures, strict=True):
            for measure, n in zip(MEASURES, row, strict=True):
                total[day, region, measure] += int(n)
        for *cell, n in zip(*counts.dimensions, strict=True):
            total[tuple(cell)] += int(n)
        return total

    sums = spread(both(old))
    sums.update(spread(difference(both(new), both(old))))
    assert +sums == +spread(both(new))
    assert min(sums.values()) >= 0
