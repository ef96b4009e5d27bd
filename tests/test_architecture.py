"""The shape of the house, checked: imports, sizes, names, words, and no address elsewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from geo_data.words import LANGUAGES, Words

ROOT = Path(__file__).parents[1]
PACKAGES = ("geo_data", "indicators", "layers", "dashboard")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core"}
AT_THE_TOP = {
    *PACKAGES,
    *("app.py", "docs", "tests", "pyproject.toml", ".ci", ".gitignore"),
    *("README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "NOTICE"),
}
NAMESPACES = {"www.w3.org", "www.geopackage.org", "www.opengis.net"}
"""Hosts that stand in identifiers and are never asked."""


def product() -> list[Path]:
    return [ROOT / "app.py", *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))]


def python() -> list[Path]:
    return [*product(), *(ROOT / "tests").rglob("*.py")]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_run_one_way() -> None:
    # In a process of its own: it silences the loggers of the one it runs in.
    asked = "from importlinter.cli import lint_imports as lint; import sys; "
    asked += "sys.exit(lint(config_filename='pyproject.toml', no_cache=True))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_imports_the_wiring() -> None:
    guilty = [
        name_of(path)
        for path in product()
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Import) and any(alias.name == "app" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "app" and node.level == 0)
    ]
    assert guilty == []


def test_modules_are_nouns_an_operator_would_use() -> None:
    assert [name_of(path) for path in product() if path.stem in VAGUE] == []


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in python()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
    assert lengths["app.py"] <= 100


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}:{node.name}": length
        for path in python()
        for node in functions(path)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_the_top_of_the_tree_reads_like_the_sentence() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} <= AT_THE_TOP


def test_no_address_of_another_host() -> None:
    files = [
        path
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.suffix in {".py", ".js", ".css", ".html", ".svg", ".toml"}
    ]
    found = {
        (name_of(path), host)
        for path in files
        for host in re.findall(
            r"(?:https?:|[\"'(])//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", path.read_text("utf-8")
        )
        if host not in NAMESPACES and not host.startswith("127.")
    }
    assert found == set()


def texts() -> tuple[set[str], list[tuple[str, str]]]:
    """All string constants of the product, and the fixed ends of its f-strings."""
    constants: set[str] = set()
    patterns: list[tuple[str, str]] = []
    for path in product():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                ends = [
                    part.value if isinstance(part, ast.Constant) else ""
                    for part in (node.values[0], node.values[-1])
                ]
                if any(ends):
                    patterns.append((str(ends[0]), str(ends[1]) if len(node.values) > 1 else ""))
    return constants, patterns


def declared(package: str) -> str:
    """What the package declares in data: its other TOML files and its scripts."""
    folder = ROOT / package
    parts = [
        path.read_text("utf-8")
        for ending in ("*.toml", "*.js")
        for path in folder.rglob(ending)
        if path.name != "words.toml"
    ]
    return "\n".join(parts)


WITH_WORDS = [name for name in PACKAGES if (ROOT / name / "words.toml").exists()]


@pytest.mark.parametrize("package", WITH_WORDS)
def test_every_wording_is_in_both_languages_and_used(package: str) -> None:
    words = Words.load(ROOT / package / "words.toml")
    constants, patterns = texts()
    data = declared(package)
    unused = {
        key
        for key in words.keys()  # noqa: SIM118 - Words is no mapping
        if key not in constants
        and not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", data)
        and not any(key.startswith(head) and key.endswith(tail) for head, tail in patterns)
    }
    assert unused == set()


@pytest.mark.parametrize("package", WITH_WORDS)
def test_both_wordings_of_a_key_have_the_same_places(package: str) -> None:
    table = tomllib.loads((ROOT / package / "words.toml").read_text("utf-8"))
    differing = {
        key
        for key, label in table.items()
        if len({frozenset(re.findall(r"\{(\w+)", label[name[:2]])) for name in LANGUAGES}) > 1
    }
    assert differing == set()


SAYING = {"WORDS": 0, "say": 0}
FAULTS = {"Fault": 0, "wrong": 0, "chain.note": 0, "sieve.refuse": 1, "given.refuse": 0}
"""What takes a key, and as which argument."""


def keys_given(package: str, callees: dict[str, int]) -> set[str]:
    """The constant keys that calls of ``callees`` are given."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            place = callees.get(called, callees.get(called.rpartition(".")[2]))
            if place is not None and len(node.args) > place:
                key = node.args[place]
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.add(key.value)
    return found


@pytest.mark.parametrize("package", ["layers", "dashboard"])
def test_every_wording_that_is_asked_for_is_known(package: str) -> None:
    known = Words.load(ROOT / package / "words.toml").keys()
    # The command line says its own keys without their common beginning.
    asked = {key for key in keys_given(package, SAYING) if f"cli-{key}" not in known}
    assert asked - known == set()


def test_every_fault_has_a_reason_and_a_remedy() -> None:
    known = Words.load(ROOT / "geo_data" / "words.toml").keys()
    keys = {key for package in PACKAGES for key in keys_given(package, FAULTS)}
    assert "no-file" in keys
    assert {key for key in keys if not {f"fault-{key}", f"remedy-{key}"} <= known} == set()
    reasons = {key.removeprefix("fault-") for key in known if key.startswith("fault-")}
    remedies = {key.removeprefix("remedy-") for key in known if key.startswith("remedy-")}
    assert reasons == remedies


def test_every_fault_wording_is_used() -> None:
    known = Words.load(ROOT / "geo_data" / "words.toml").keys()
    reasons = {key.removeprefix("fault-") for key in known if key.startswith("fault-")}
    assert reasons - texts()[0] == set()


def test_every_step_that_is_told_has_a_wording() -> None:
    known = Words.load(ROOT / "geo_data" / "words.toml").keys()
    told = keys_given("geo_data", {"tell": 0})
    assert {f"step-{step}" for step in told} == {key for key in known if key.startswith("step-")}


def test_the_only_clocks_are_at_the_edges() -> None:
    edges = {"app.py", "dashboard/clock.py", "dashboard/commands/command_line.py"}
    guilty = {
        f"{name_of(path)}:{node.lineno}"
        for path in product()
        if name_of(path) not in edges
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
        and getattr(node.func.value, "id", "") in {"datetime", "date", "Timestamp"}
    }
    assert guilty == set()
