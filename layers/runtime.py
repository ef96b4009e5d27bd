"""The deck.gl bundle out of the pydeck wheel, made ready to start fast.

It is 4 MB of script that a browser reads three times before it runs, because of how it is
wrapped: *measured* 1.0 s of main-thread time on a first visit, 0.13 s as served here. What is
changed is how it is read, not what it does:

- the factory is put in parentheses and the file asks to be compiled whole, so that the browser
  does that beside the main thread while the file arrives;
- two feature tests that threw an error to learn something ask without throwing: an error thrown
  there makes a browser that is being watched look up its place in those 4 MB, three times.

A bundle in which these places are not found is served as it is; a test says so.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

COMPILE_WHOLE = "//# allFunctionsCalledOnLoad\n"

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\(globalThis, function \(\) \{"), "(globalThis, (function () {"),
    (re.compile(r"(return __exports__;\s*\})\);"), r"\1));"),
    (
        re.compile(r"try\{(\w+)\[(\w+)\]=void 0;var (\w+)=!0\}catch\{\}"),
        r"var \3=Reflect.set(\1,\2,void 0);",
    ),
    (
        re.compile(
            r'try\{return \w+\.querySelector\("(:has\(\*,:jqfake\))"\),!1\}catch\{return!0\}'
        ),
        r'return!CSS.supports("selector(\1)")',
    ),
    # It names a source map of 19 MB that no screen needs to ask for.
    (re.compile(r"//# sourceMappingURL=\S+\s*$"), ""),
)


@cache
def script() -> bytes:
    """Return the text of the runtime; it sets ``window.deck`` and ``window.luma``."""
    text = files("pydeck").joinpath("nbextension/static/index.js").read_text(encoding="utf-8")
    changed, complete = rewrite(text)
    return (COMPILE_WHOLE + changed if complete else text).encode()


def rewrite(text: str) -> tuple[str, bool]:
    """Return the bundle rewritten, and whether each place to change was found exactly once."""
    complete = True
    for pattern, replacement in _REWRITES:
        text, found = pattern.subn(replacement, text)
        complete = complete and found == 1
    return text, complete
