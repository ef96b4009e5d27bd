"""What one types: serve a city, import one, make a demo city.

Sentences for people go to standard error, results (the report) to standard output. Exit codes:
0 done, 1 imported but some rows refused, 2 input, 3 store, 4 port, 130 stopped by the keyboard.

Each command is a module with a :class:`~dashboard.commands.command.Command`; ``command_line``
lists them.
"""

from dashboard.commands.command import Serve
from dashboard.commands.command_line import STOPPED, asked_language, run
from dashboard.commands.streams import CutStreams

__all__ = ["STOPPED", "CutStreams", "Serve", "asked_language", "run"]
