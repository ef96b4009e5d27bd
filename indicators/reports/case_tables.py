"""Tables of what stands: open cases by unit, those past their limit, warnings, vital signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from geo_data import dictionaries, queries, rollups
from geo_data.queries.case_filter import CaseFilter
from geo_data.records import Alarm, Incident, Severity
from geo_data.words import DEFAULT_LANGUAGE
from indicators import engine
from indicators.reports.content import Cell, Column, Figure, Table
from indicators.reports.count_tables import child_of, indicator_head, rules_of, within
from indicators.reports.scene import NOW, Scene, head, say
from indicators.reports.writing import write_moment, write_plain
from indicators.spec import Grain
from indicators.wording import STATUSES, status_word

MOST_CASES, MOST_IN_TOWN, MOST_UNITS, MOST_DUE = 20, 10, 30, 1000
STANDING = ("open-incidents", "overdue-incidents", "due-soon-incidents")
_GRAVE = tuple(Severity)[:3]


def standing(scene: Scene) -> Table:
    """Return open, overdue and due-soon cases of each region below, and of all of them."""
    heads = (head("unit", wide=1.6, below=scene.child_word), *_heads(scene, STANDING))
    rows = _by_child(scene, STANDING, NOW)
    rows.sort(key=lambda row: (-(row[2].value or 0), -(row[1].value or 0)))
    count = len(rows)
    if count > MOST_UNITS:
        # A town has a hundred grids, and nothing to tell of most of them.
        rows = [row for row in rows if any(cell.value for cell in row)][:MOST_UNITS]
    residue = list(_residue_row(scene, STANDING, NOW))
    whole = (Cell(say("total")), *(scene.cell(scene.read(key)) for key in STANDING))
    rule = rules_of(scene, STANDING)
    table = [*rows, *residue, whole]
    sums = 1 + len(residue)
    return scene.table("standing", heads, table, total=count, rule=rule, sums=sums)


def overdue(scene: Scene) -> Table:
    """Return the cases past their limit, the longest first."""
    only = CaseFilter(standing="overdue")
    rows = [_overdue_row(scene, one) for one in _cases(scene, only, MOST_CASES)]
    heads = (*_case_heads(), head("late-by"))
    return scene.table("overdue", heads, rows, total=_count(scene, only))


def grave(scene: Scene) -> Table:
    """Return the open cases that are worse than ordinary ones, the worst first."""
    rows: list[tuple[Cell, ...]] = []
    total = 0
    for severity in _GRAVE:
        only = CaseFilter(standing="open", severity=severity)
        total += _count(scene, only)
        word = dictionaries.word("severities", str(int(severity)))
        for one in _cases(scene, only, MOST_CASES - len(rows)):
            stage = dictionaries.word("stages", str(one.stage))
            rows.append((Cell(word), *_case_cells(scene, one), Cell(stage)))
    heads = (head("severity", wide=0.8), *_case_heads(), head("stage", wide=0.8))
    return scene.table("grave", heads, rows, total=total)


def due_soon(scene: Scene) -> Table:
    """Return the cases whose limit is near, town by town."""
    only = CaseFilter(standing="due-soon")
    by_child: dict[str, list[tuple[Cell, ...]]] = {}
    for one in _cases(scene, only, MOST_DUE):
        child = child_of(scene, one.region_code)
        mine = by_child.setdefault(child.code if child else "", [])
        if len(mine) < MOST_IN_TOWN:
            due = write_moment(one.due_at, scene.zone, year=False)
            name = child.name if child else say("residue")
            mine.append((Cell(name), *_case_cells(scene, one), Cell(due)))
    rows = [row for _, mine in sorted(by_child.items()) for row in mine]
    heads = (head("unit", below=scene.child_word), *_case_heads(), head("due", wide=1.3))
    return scene.table("due-soon", heads, rows, total=_count(scene, only))


def warnings(scene: Scene) -> Table:
    """Return the warnings in force, the highest first."""
    found = queries.alarms(scene.store, scene.scope, scene.region.code, scene.at)
    sensors = {
        one.code: one
        for one in queries.sensors(scene.store, scene.scope, scene.region.code, scene.at)
    }
    rows = []
    for one in found[:MOST_CASES]:
        sensor = sensors.get(one.sensor_code or "")
        rows.append(_warning_row(scene, one, sensor.name if sensor else None))
    heads = (
        head("level", wide=0.9),
        head("what", wide=1.8),
        head("where", wide=2.0),
        head("measured", is_number=True),
        head("since", wide=1.4),
        head("seen", wide=0.8),
    )
    return scene.table("warnings", heads, rows, total=len(found))


def vital_signs(scene: Scene) -> Table:
    """Return the vital signs beyond their thresholds, the gravest first."""
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    boards = [scene.figures.board(scene.region.code, key) for key in (scene.term.window, NOW)]
    for key, of_term in boards[0].items():
        indicator = scene.indicator(key)
        value = of_term if indicator.window == "chosen" else boards[1][key]
        if value.status in ("normal", "none") or value.threshold is None:
            continue
        window = scene.term.window if value is of_term else NOW
        figure = Figure(key, scene.region.code, window, value=value.value)
        name = indicator_head(scene, key)
        cell = scene.cell(figure)
        word = status_word(value.status)(DEFAULT_LANGUAGE)
        basis = value.threshold.basis(DEFAULT_LANGUAGE)
        rows.append(
            (STATUSES.index(value.status), (Cell(name.label), cell, Cell(word), Cell(basis)))
        )
    rows.sort(key=lambda row: -row[0])
    heads = (
        head("indicator", wide=1.6),
        head("this", is_number=True),
        head("level"),
        head("basis", wide=2.4),
    )
    return scene.table("vital-signs", heads, [row for _, row in rows])


def units(scene: Scene, *keys: str) -> Table:
    """Return the regions below in the order of the first indicator, with all of them.

    One of which nobody knows the value has no place in the ranking and stands at its end.
    """
    better = scene.indicator(keys[0]).better
    rows = _by_child(scene, keys, None)
    turn = 1 if better == "low" else -1
    ranked = [row for row in rows if row[1].value is not None]
    ranked.sort(key=lambda row: turn * (row[1].value or 0))
    rest = [row for row in rows if row[1].value is None]
    places: list[Cell] = []
    for index, row in enumerate(ranked):
        # Units of one value share a place.
        same = index > 0 and row[1].text == ranked[index - 1][1].text
        place = places[-1].value if same else float(index + 1)
        places.append(Cell(write_plain(place), place))
    table = [(place, *row) for place, row in zip(places, ranked, strict=True)]
    table += [(Cell("—"), *row) for row in rest]
    count = len(table)
    table = table[:MOST_UNITS]
    whole = (Cell(""), Cell(say("whole")), *(scene.cell(scene.read(key)) for key in keys))
    heads = (
        head("rank", wide=0.6),
        head("unit", wide=1.6, below=scene.child_word),
        *_heads(scene, keys),
    )
    rule = f"{rules_of(scene, keys)}。{say('rule-ranked', first=_name(scene, keys[0]))}"
    return scene.table("units", heads, [*table, whole], total=count, rule=rule, sums=1)


def _name(scene: Scene, key: str) -> str:
    return scene.indicator(key).name(DEFAULT_LANGUAGE)


def _heads(scene: Scene, keys: Sequence[str]) -> tuple[Column, ...]:
    return tuple(indicator_head(scene, key) for key in keys)


def _by_child(scene: Scene, keys: Sequence[str], window: str | None) -> list[tuple[Cell, ...]]:
    found = {key: _values(scene, key, window) for key in keys}
    return [
        (
            Cell(child.name),
            *(
                scene.cell(
                    Figure(
                        key,
                        child.code,
                        window or scene.term.window,
                        value=found[key].get(child.code),
                    )
                )
                for key in keys
            ),
        )
        for child in scene.children
    ]


def _values(scene: Scene, key: str, window: str | None) -> dict[str, float | None]:
    asked = window or scene.term.window
    if scene.indicator(key).grain is Grain.FLOW and scene.is_before(asked):
        return {}
    where = scene.store, scene.scope, scene.region.code
    return engine.children(*where, key, asked, scene.at)


def _residue_row(scene: Scene, keys: Sequence[str], window: str) -> Iterator[tuple[Cell, ...]]:
    """Yield what belongs to the region and to none below it, if anything does."""
    values = [_values(scene, key, window).get(rollups.RESIDUE) for key in keys]
    if any(values):
        yield (Cell(say("residue")), *(Cell(write_plain(value), value) for value in values))


def _cases(scene: Scene, only: CaseFilter, limit: int) -> list[Incident]:
    if limit <= 0:
        return []
    where = scene.store, scene.scope, scene.region.code
    return queries.incidents(*where, scene.today, scene.at, limit=limit, only=only)


def _count(scene: Scene, only: CaseFilter) -> int:
    where = scene.store, scene.scope, scene.region.code
    return queries.incident_count(*where, scene.today, scene.at, only)


def _case_heads() -> tuple[Column, ...]:
    return (head("code", wide=1.5), head("category", wide=1.3), head("where", wide=2.2))


def _case_cells(scene: Scene, one: Incident) -> tuple[Cell, ...]:
    category = dictionaries.word("categories", one.category)
    where = one.address or within(scene, one.region_code)
    return Cell(one.code), Cell(category), Cell(where)


def _overdue_row(scene: Scene, one: Incident) -> tuple[Cell, ...]:
    assert one.due_at is not None
    late = scene.at - one.due_at
    return (*_case_cells(scene, one), Cell(_span(late.total_seconds()), late.total_seconds()))


def _span(seconds: float) -> str:
    """Write how long, in its biggest two words."""
    minutes = int(seconds // 60)
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    return f"{hours}小时{left}分" if hours else f"{left}分"


def _warning_row(scene: Scene, one: Alarm, sensor: str | None) -> tuple[Cell, ...]:
    rule = scene.store.city.rules.get(one.rule)
    level = dictionaries.word("warnings", str(int(one.level)))
    told = say("seen") if one.acknowledged_at else say("unseen")
    value = "—" if one.value is None else f"{write_plain(one.value)} {one.unit}".strip()
    return (
        Cell(level),
        Cell(rule.label(DEFAULT_LANGUAGE) if rule else one.rule),
        Cell(sensor or one.sensor_code or say("whole-line")),
        Cell(value, one.value),
        Cell(_when(scene, one.since_at)),
        Cell(told),
    )


def _when(scene: Scene, at: datetime) -> str:
    return write_moment(at, scene.zone, year=False)
