"""The runtime out of the pydeck wheel, and that the wheel is still the one it is made ready for."""

from __future__ import annotations

from importlib.resources import files

from layers import runtime


def bundle() -> str:
    return files("pydeck").joinpath("nbextension/static/index.js").read_text(encoding="utf-8")


def test_every_place_to_change_is_in_this_version_of_the_bundle() -> None:
    changed, complete = runtime.rewrite(bundle())
    assert complete
    assert "(globalThis, (function () {" in changed
    assert "sourceMappingURL" not in changed
    assert "Reflect.set(" in changed


def test_it_asks_to_be_compiled_whole() -> None:
    assert runtime.script().startswith(b"//# allFunctionsCalledOnLoad\n")


def test_another_bundle_is_said_to_be_another() -> None:
    _, complete = runtime.rewrite(bundle().replace("(globalThis, function () {", "(self, x => {"))
    assert not complete
