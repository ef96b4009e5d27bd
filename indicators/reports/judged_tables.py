"""Tables of what was judged elsewhere: signals of early warning, and the evaluation of units."""

from __future__ import annotations

from collections.abc import Sequence

from geo_data.words import DEFAULT_LANGUAGE
from indicators import early_warning, evaluation
from indicators.early_warning import Assessment, Signal
from indicators.early_warning.wording import WORDS as WARNING_WORDS
from indicators.reports.content import Cell, Table
from indicators.reports.count_tables import within
from indicators.reports.scene import Scene, head, say

MOST_SIGNALS = 10


def signals(scene: Scene) -> Table:
    """Return what stands out at the moment: emerging spots, clusters, unusual rises, hot spots.

    Cold spots are no warning. A quick report takes what was worked out already, or says that it
    is being worked out.
    """
    heads = (head("kind"), head("area", wide=1.8), head("why", wide=4.0))
    found = _assessed(scene)
    if found is None:
        told = scene.table("signals", heads, ())
        return told.saying(say("signals-waiting"))
    inside = early_warning.inside(scene.store, scene.scope, scene.region.code, found)
    mine = [one for one in inside if one.kind != "cold-spot"]
    rows = [_signal_row(scene, one) for one in mine[:MOST_SIGNALS]]
    return scene.table("signals", heads, rows, total=len(mine))


def _assessed(scene: Scene) -> Assessment | None:
    where = scene.store, scene.scope
    if not scene.is_quick:
        return early_warning.assess(*where, scene.at)
    held = early_warning.held(*where)
    is_fresh = held is not None and held.version == early_warning.version(scene.store, scene.at)
    return held if is_fresh else None


def _signal_row(scene: Scene, one: Signal) -> tuple[Cell, ...]:
    kind = WARNING_WORDS(f"kind-{one.kind}", DEFAULT_LANGUAGE)
    area = within(scene, one.region_code, deepest=3)
    return Cell(kind), Cell(area), Cell(one.reason(DEFAULT_LANGUAGE))


def evaluated(scene: Scene) -> Table:
    """Return the units in the order of the city's first evaluation, as published where it was.

    Of the whole city all groups; of a town its own row, with its true place.
    """
    heads = (
        head("group"),
        head("rank", wide=0.6),
        head("unit", wide=1.6, below=scene.child_word),
        head("score", is_number=True),
        head("remark", wide=1.2),
    )
    known = evaluation.evaluations_of(scene.store.city)
    if not known or scene.is_before(scene.term.window):
        return scene.table("evaluation", heads, ())
    declared = next(iter(known.values()))
    shown = evaluation.shown(scene.store, scene.scope, declared.key, scene.term.window, scene.at)
    rows = []
    for group in shown.settled.groups:
        name = next(one.name for one in declared.groups if one.key == group.key)
        mine = [one for one in group.units if _is_of(scene, one.code)]
        rows += [_unit_row(name(DEFAULT_LANGUAGE), one, group.ranked) for one in mine]
    basis = declared.basis(DEFAULT_LANGUAGE)
    stands = shown.publication
    said = say("rule-published", number=stands.number) if stands else say("rule-unpublished")
    rule = f"{declared.name(DEFAULT_LANGUAGE)}：{basis}。{said}"
    return scene.table("evaluation", heads, rows, rule=rule)


def _is_of(scene: Scene, code: str) -> bool:
    is_root = scene.region.level == scene.store.city.root_level
    return is_root or code == scene.region.code


def _unit_row(group: str, one: evaluation.UnitResult, ranked: int) -> tuple[Cell, ...]:
    place = "—" if one.place is None else f"{one.place}/{ranked}"
    score = "—" if one.score is None else f"{one.score:.2f}"
    remark = one.mark or one.why_not
    return (
        Cell(group),
        Cell(place, None if one.place is None else float(one.place)),
        Cell(one.name),
        Cell(score, one.score),
        Cell(say(f"remark-{remark}") if remark else ""),
    )


def names_marked(table: Table, mark: str) -> Sequence[str]:
    """Return the units of the first group that are among the ``best`` or the ``last``."""
    said = say(f"remark-{mark}")
    groups = [row[0].text for row in table.rows]
    return [row[2].text for row in table.rows if row[4].text == said and row[0].text == groups[0]]
