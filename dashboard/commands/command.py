"""What a command is, and what it is told when it is asked for."""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from geo_data.faults import Fault, InputError
from geo_data.provision import Provided
from geo_data.settings import Settings

Serve = Callable[[Settings, Provided, socket.socket, Callable[[], None]], None]
"""Serves an open store on a listening socket until it is told to stop; calls when it is ready."""

Wording = Callable[[str], str]
"""Key of a wording without its ``cli-`` -> the sentence in the language asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for.

    Parameters
    ----------
    typed : Namespace
        The options; one that was not typed is missing where its default is ``SUPPRESS``.
    environment : Mapping
        As ``os.environ``.
    language : str
        To answer in.
    serve : callable
        Serves until stopped.
    now : callable
        The clock: the present moment, aware.
    """

    typed: argparse.Namespace
    environment: Mapping[str, str]
    language: str
    serve: Serve
    now: Callable[[], datetime]


class Parser(argparse.ArgumentParser):
    """Says what is wrong as the rest of the product does."""

    def error(self, message: str) -> NoReturn:
        # argparse repeats what was typed; an address may hold a password.
        hidden = re.sub(r"(://[^:/@\s]*:)[^\s]*@", r"\1***@", message)
        raise InputError(Fault("bad-argument", values={"error": hidden}))


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be typed.

    Parameters
    ----------
    name : str
        What is typed; ``cli-<name>`` is its line in the help.
    options : callable
        Adds its arguments to its parser.
    do : callable
        Does it and returns the exit code. It may raise ``InputError``.
    """

    name: str
    options: Callable[[Parser, Wording], None]
    do: Callable[[Asked], int]
