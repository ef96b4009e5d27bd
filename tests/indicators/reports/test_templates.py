"""A city's own templates: what they can do, and how what is wrong with them is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from geo_data.city import read_city
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.report_rules import ReportRules
from geo_data.store import Store, open_store
from indicators.reports import make_report
from indicators.reports.content import Heading, Paragraph
from tests.geo_data.small_city import CITY
from tests.indicators.reports.counted_city import NOW, make_counted_city, templates_in

ALL = Scope.everything()
Write = Callable[[str], Store]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city") / "c.gpkg"
    make_counted_city(path).close()
    return path


@pytest.fixture
def write(address: Path, tmp_path: Path) -> Iterator[Write]:
    """A store whose city has a template of its own for the month."""
    opened_stores: list[Store] = []

    def written(text: str) -> Store:
        folder = templates_in(tmp_path / "own", monthly=text)
        rules = ReportRules(templates=folder)
        copy = tmp_path / f"{len(opened_stores)}.gpkg"
        copy.write_bytes(address.read_bytes())
        store = open_store(copy, CITY.model_copy(update={"reports": rules}), create=True)
        opened_stores.append(store)
        return store

    yield written
    for store in opened_stores:
        store.close()


def month(store: Store) -> list[str]:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    return [one.text for one in report.blocks if isinstance(one, Heading | Paragraph)]


def fault(store: Store) -> str:
    with pytest.raises(InputError) as caught:
        make_report(store, ALL, "monthly", NOW, period="2026-10")
    return caught.value.faults[0].sentence("en")


def test_a_city_writes_its_own_sentences(write: Write) -> None:
    store = write(
        '# 概况\n本月{{ name("12345") }}受理{{ n("reported-incidents", channel="hotline") }}，'
        '占{{ share("reported-incidents", channel="hotline") }}，'
        '环比{{ change("reported-incidents", channel="hotline") }}。\n## 细目\n'
        '去年{{ n("reported-incidents", "year-before") }}。\n'
    )
    assert month(store) == [
        "一、概况",
        "本月12345受理3件，占50.0%，环比上升200.0%。",
        "（一）细目",
        "去年2件。",
    ]


def test_the_own_template_may_be_built_on(write: Write) -> None:
    lines = month(write('{% include "own/monthly.j2" %}\n# 另\n完。\n'))
    assert lines[0] == "一、总体情况"
    assert lines[-2:] == ["七、另", "完。"]


def test_an_unknown_indicator_is_told_with_file_line_and_the_nearest(write: Write) -> None:
    told = fault(write('# 概况\n\n受理{{ n("reportd-incidents") }}。\n'))
    assert "monthly.j2" in told
    assert "row 3" in told
    assert "“reportd-incidents”" in told
    assert "reported-incidents" in told.split("Did you mean")[1]


def test_an_unknown_function_is_told_with_the_nearest(write: Write) -> None:
    told = fault(write('# 概况\n环比{{ chnge("reported-incidents") }}。\n'))
    assert "row 2" in told
    assert "Did you mean “change”" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("共受理12件。\n", "“1”"),
        ("{{ 5 }}件\n", "“5”"),
        ("{% set x = 7 %}{{ x }}件\n", "“7”"),
        ('{{ "６" }}件\n', "“６”"),
        ("{{ range(3)|list }}\n", "range"),
        ('{{ n("reported-incidents")|length }}\n', "of which nobody knows"),
        ("{{ None }}\n", "of which nobody knows"),
    ],
)
def test_a_number_of_which_nobody_knows_the_origin_is_refused(
    write: Write, text: str, told: str
) -> None:
    sentence = fault(write(text))
    assert told in sentence
    assert "monthly.j2" in sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{% if %}", "template cannot be used"),
        ("@table chanels\n", "Did you mean “channels”"),
        ("@table units\n", "needs indicators"),
        ("@table channels on-time-rate\n", "takes no indicators"),
        ("@picture x\n", "“@picture” is not known"),
        ("@map reported\n", "Did you mean"),
        ('{{ n("reported-incidents", "befor") }}', "Known are: value, before"),
        ('{{ n("reported-incidents", street="x") }}', "Known are: channel, category"),
        ('{{ "x" * 999999999 }}', "cannot work out “*”"),
        ("{{ n.__globals__ }}", "template cannot be used"),
        ("{{ n() }}", "missing 1 required"),
    ],
)
def test_everything_else_that_is_wrong_is_told(write: Write, text: str, told: str) -> None:
    assert told in fault(write(text))


def test_a_template_cannot_read_other_files(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    assert "secret" not in fault(write('{% include "../secret.j2" %}')).replace("secret.j2", "")


def test_the_city_file_says_where_templates_and_the_roster_are(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs/examples/clearbay.toml").read_text("utf-8")
    more = """
[reports]
templates = "templates"
unit = "澄湾市城运中心"
letterhead = "澄湾市城市运行管理中心文件"

[[duty]]
first = 2026-11-23
last = 2026-11-29
leader = "陈明"
staff = ["李华"]
"""
    file = tmp_path / "city.toml"
    file.write_text(text + more, encoding="utf-8")
    city = read_city(file)
    assert city.reports.templates == tmp_path / "templates"
    assert city.duty[0].staff == ("李华",)
    file.write_text(text + more.replace("leader", "leeder"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_city(file)
    told = " ".join(caught.value.sentences("en"))
    assert "“leeder”" in told
    assert "“leader”" in told
