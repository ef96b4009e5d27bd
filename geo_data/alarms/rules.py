"""Rules, as a file declares them: which readings are worth a warning, where, and who is told.

The program's own are in ``rules.toml``; a city's file adds to them, replaces them by key, and
switches them off. Rule sets of one subject (rainstorms by the city's signals, or by the national
ones) exclude each other: one is in force, they are never merged.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from geo_data.alarms.conditions import LEVELS, Colour, Condition, Positive
from geo_data.dictionaries import categories, sensor_kinds
from geo_data.faults import nearest
from geo_data.ladders import Severity, WarningLevel
from geo_data.sources import Entry, wrong
from geo_data.words import DEFAULT_LANGUAGE, Label

FILE = Path(__file__).with_name("rules.toml")

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Escalation(Entry):
    """Whom an alarm goes to when nobody has acknowledged it in time.

    Parameters
    ----------
    after_min : float
        Counted from when it was raised, or last became worse.
    to : Label
        Who is then told.
    """

    after_min: Positive
    to: Label


class Opening(Entry):
    """The case that an alarm opens.

    Parameters
    ----------
    category : str
        Four digits.
    from_level : str
        From which level on.
    severity : int
        Of the case: another ladder, so it is declared, never derived from the level.
    """

    category: str
    from_level: Colour = "blue"
    severity: Annotated[int, Field(ge=1, le=4)] = 4

    @property
    def case_severity(self) -> Severity:
        """The severity as a step of its ladder."""
        return Severity(self.severity)

    def asks(self, level: WarningLevel) -> bool:
        """Whether an alarm of a level opens a case."""
        return not LEVELS[self.from_level].is_above(level)

    @model_validator(mode="after")
    def _category_known(self) -> Opening:
        if self.category not in categories():
            near = nearest(self.category, list(categories()))
            raise wrong("rule-category", key=self.category, nearest=near)
        return self


class Rule(Entry):
    """One rule: sensors of a kind, what of them is measured, and what follows.

    Parameters
    ----------
    key, name
        What it is called; a city's rule takes the place of the program's of the same key.
    kind, metric : str, optional
        Whose readings are judged: exactly one of them.
    unit : str
        Of the limits; a sensor that measures in another one is not judged.
    any_of : tuple of Condition
        The worst of them counts.
    set : str, optional
        The rule set it belongs to; it is then judged only while that set is in force.
    regions : tuple of str
        Only sensors in these regions and below; everywhere unless said.
    place_kinds : tuple of str
        Only sensors at places of these kinds.
    source : str or Label
        Where the limits come from.
    unverified : bool or tuple of str
        Whether nobody confirmed the limits for this city, or of which levels.
    effective_from : date
        The local day from which it holds.
    escalate : tuple of Escalation
        In order of time.
    opens_incident : Opening, optional
    """

    key: Key
    name: Label
    kind: str | None = None
    metric: str | None = None
    unit: str
    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]
    set: Key | None = None
    regions: tuple[str, ...] = ()
    place_kinds: tuple[str, ...] = ()
    source: Label | Annotated[str, Field(min_length=1)]
    unverified: bool | tuple[Colour, ...] = False
    effective_from: date
    escalate: tuple[Escalation, ...] = ()
    opens_incident: Opening | None = None

    def label(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return its name."""
        return self.name(language)

    def source_in(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return where the limits come from; a title that was written once stays as it is."""
        return self.source(language) if isinstance(self.source, Label) else self.source

    def is_verified(self, level: WarningLevel) -> bool:
        """Whether somebody confirmed the limit of a level."""
        if isinstance(self.unverified, bool):
            return not self.unverified
        return level.name.lower() not in self.unverified

    @property
    def absence(self) -> Condition | None:
        """The condition on silence of a rule that is about that; it has no other."""
        return self.any_of[0] if self.any_of[0].measure == "absence" else None

    @property
    def shown_unit(self) -> str:
        """The unit of what is measured: minutes of a silence, so much in a time of a rate."""
        first = self.any_of[0]
        if first.measure == "rate" and len(self.any_of) == 1:
            return f"{self.unit}/{first.minutes:g} min"
        return "min" if self.absence else self.unit

    @model_validator(mode="after")
    def _one_subject_in_its_unit(self) -> Rule:
        if (self.kind is None) == (self.metric is None):
            raise wrong("rule-subject", key=self.key)
        known = sensor_kinds()
        of = (kind for kind in known.values() if self.metric == kind.metric)
        kind = known.get(self.kind or "") or next(of, None)
        # A city's own kinds are told by no dictionary: their sensors say their unit themselves.
        if kind is not None and kind.unit != self.unit:
            raise wrong("rule-unit", key=self.key, unit=self.unit, known=kind.unit)
        if len(self.any_of) > 1 and any(one.measure == "absence" for one in self.any_of):
            raise wrong("rule-absence")
        return self

    @model_validator(mode="after")
    def _escalates_in_order(self) -> Rule:
        after = [one.after_min for one in self.escalate]
        if after != sorted(set(after)):
            raise wrong("rule-escalation", key=self.key)
        return self


class RuleSet(Entry):
    """A named set of rules on a subject; of one subject one set is in force.

    Parameters
    ----------
    key, name
        What it is called.
    subject : str
        What it is about: ``rainstorm``.
    source : str or Label
        Who issued it.
    """

    key: Key
    name: Label
    subject: Key
    source: Label | Annotated[str, Field(min_length=1)]


class RuleFile(Entry):
    """The program's own rules.

    Parameters
    ----------
    in_force : dict
        Subject to the set that holds unless a city says otherwise.
    sets, rules
        What there is.
    """

    in_force: dict[Key, Key]
    sets: tuple[RuleSet, ...]
    rules: tuple[Rule, ...]


class CityAlarms(Entry):
    """What a city file says of rules: ``[alarms]``.

    Parameters
    ----------
    in_force : dict
        Subject to the rule set that holds in this city.
    off : tuple of str
        Rules that are switched off.
    sets : tuple of RuleSet
        The city's own.
    rules : tuple of Rule
        Added, or put in the place of the program's of the same key.
    """

    in_force: dict[Key, Key] = Field(default_factory=dict)
    off: tuple[str, ...] = ()
    sets: tuple[RuleSet, ...] = ()
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _keys_known(self) -> CityAlarms:
        sets = _sets(self)
        for given in (self.sets, self.rules):
            keys = [one.key for one in given]
            if len(set(keys)) != len(keys):
                raise wrong("rules-alike")
        for key in (rule.set for rule in self.rules if rule.set):
            _known("rule-set", key, sets)
        for subject, key in self.in_force.items():
            _known("rule-set", key, [one.key for one in sets.values() if one.subject == subject])
        for key in self.off:
            _known("rule-off", key, _rules(self))
        return self


def _known(fault: str, key: str, known: Iterable[str]) -> None:
    listed = list(known)
    if key not in listed:
        raise wrong(fault, key=key, nearest=nearest(key, listed))


@cache
def shipped() -> RuleFile:
    """Return the rules that come with the program."""
    return RuleFile.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


def _sets(city: CityAlarms) -> Mapping[str, RuleSet]:
    return {one.key: one for one in (*shipped().sets, *city.sets)}


def _rules(city: CityAlarms) -> Mapping[str, Rule]:
    return {one.key: one for one in (*shipped().rules, *city.rules)}


def sets_in_force(city: CityAlarms) -> Mapping[str, RuleSet]:
    """Return subject -> the one rule set that holds in a city."""
    sets = _sets(city)
    chosen = {**shipped().in_force, **city.in_force}
    return {subject: sets[key] for subject, key in chosen.items()}


def rules_in_force(city: CityAlarms) -> Mapping[str, Rule]:
    """Return the rules of a city by key: those switched off and of other sets are not there."""
    chosen = {one.key for one in sets_in_force(city).values()}
    return {
        key: rule
        for key, rule in _rules(city).items()
        if key not in city.off and (rule.set is None or rule.set in chosen)
    }
