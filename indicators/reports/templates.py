"""The templates of reports: found, checked and filled, with what is wrong told by file and line.

A template is Jinja2 in a sandbox. Its lines become a report: ``# `` and ``## `` begin a heading,
``@table`` and ``@map`` stand for a table or a map, any other line is a paragraph. It may print
nothing but what its functions give, so that no number gets in that nobody can count again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from geo_data.faults import Fault, InputError, nearest
from indicators.reports.marks import loose_digit
from indicators.reports.terms import Kind

OWN = Path(__file__).with_name("templates")
"""The templates that come with the program; a city's own may include them as ``own/…``."""
ENDING = ".j2"


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"**", "*"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        # "x" * 10**9 would fill the memory of whoever reads a city's file.
        raise InputError(Fault("report-arithmetic", values={"sign": operator}))


@lru_cache(maxsize=8)
def environment(folder: Path | None) -> ImmutableSandboxedEnvironment:
    """Return where templates are looked for: a city's folder first, then the program's own."""
    own = FileSystemLoader(OWN)
    places = [FileSystemLoader(folder), own] if folder is not None else [own]
    made = _Environment(
        loader=ChoiceLoader([*places, PrefixLoader({"own": own})]),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        # What is included ends its last line.
        keep_trailing_newline=True,
        finalize=_only_marks,
    )
    made.globals.clear()
    return made


def ready(kind: Kind, folder: Path | None) -> None:
    """See that the template of a kind can be read and has no figure in its words.

    Raises
    ------
    InputError
        It cannot, or has: with file and line.
    """
    _template(f"{kind}{ENDING}", environment(folder))


def filled(kind: Kind, folder: Path | None, context: Mapping[str, Callable[..., Any]]) -> str:
    """Return the template of a kind, filled.

    Parameters
    ----------
    kind : Kind
    folder : Path or None
        Of a city's own templates.
    context : Mapping
        The functions that it may call.

    Raises
    ------
    InputError
        It cannot be read, calls what is not there, or names an indicator that is not: with file
        and line, and the nearest known name.
    """
    name = f"{kind}{ENDING}"
    template = _template(name, environment(folder))
    try:
        return template.render(context)
    except InputError as error:
        raise _placed(error, name) from error
    except TemplateSyntaxError as error:
        raise _misspelt(error, name) from error
    except UndefinedError as error:
        raise _placed(_unknown(error, context), name, error) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        told = InputError(Fault("report-template", values={"error": str(error)}))
        raise _placed(told, name, error) from error


def _template(name: str, made: ImmutableSandboxedEnvironment) -> Template:
    try:
        check(made, name)
        return made.get_template(name)
    except TemplateSyntaxError as error:
        raise _misspelt(error, name) from error


def _misspelt(error: TemplateSyntaxError, name: str) -> InputError:
    values: dict[str, object] = {"error": error.message or ""}
    return InputError(
        Fault("report-template", file=error.filename or name, row=error.lineno, values=values)
    )


def check(made: ImmutableSandboxedEnvironment, name: str) -> None:
    """See that a template has no figure in its words.

    Raises
    ------
    InputError
        It has, or there is no such template.
    """
    assert made.loader is not None
    try:
        source, file, _ = made.loader.get_source(made, name)
    except TemplateNotFound as error:
        raise InputError(Fault("no-file", file=name)) from error
    lines = source.splitlines()
    for at, token, text in made.lex(source):
        if token != "data":
            continue
        for place, part in enumerate(text.split("\n"), at):
            digit = loose_digit(part)
            if digit and not lines[place - 1].lstrip().startswith("@"):
                raise InputError(
                    Fault("report-figure", file=file, row=place, values={"figure": digit})
                )


def _only_marks(value: Any) -> Any:
    """Refuse to print a number that does not say where it is from."""
    text = str(value)
    digit = loose_digit(text)
    if digit or value is None or isinstance(value, bool):
        raise InputError(Fault("report-figure", values={"figure": digit or text}))
    return value


def _unknown(error: UndefinedError, context: Mapping[str, object]) -> InputError:
    message = error.message or ""
    name = message.split("'")[1] if message.count("'") > 1 else message
    near = nearest(name, list(context))
    return InputError(Fault("report-function", values={"key": name, "nearest": near}))


def _placed(
    told: InputError,
    name: str,
    error: BaseException | None = None,
) -> InputError:
    """Return faults with the file and line of the template that they came up in."""
    place = _place(error or told)
    file, row = place if place else (name, None)
    faults = [
        Fault(one.key, one.file or file, one.row or row, one.field, one.values)
        for one in told.faults
    ]
    return InputError(*faults, exit_code=told.exit_code)


def _place(error: BaseException) -> tuple[str, int] | None:
    frames = traceback.extract_tb(error.__traceback__)
    mine = [one for one in frames if one.filename.endswith(ENDING)]
    return (mine[-1].filename, mine[-1].lineno or 0) if mine else None
