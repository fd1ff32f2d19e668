"""Every panel's and every variable's SQL runs on the engine, whatever the reader chose, and gives what its
panel needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from grafana.build import dashboards
from tests.engines.grafana.conftest import Boards, asked, panels_of
from tests.engines.grafana.data_source import DataSource
from tests.plugin import TimeRange, interpolate, without_comments

MODELS = {f"{language}/{slug}": model for language, slug, model in dashboards()}
ENGLISH = [name for name in MODELS if name.startswith("en/")]
QUOTED = 'o\'brien -- \\ "x" /*'
NUMBERS = {"float64", "float32", "int8", "int16", "int32", "uint8", "uint16", "uint32"}
"""What a browser keeps exactly; a count of 64 bits is rounded above 2^53."""

Chosen = dict[str, str | Sequence[str]]


def chosen(model: Mapping[str, Any], boards: Boards, at: TimeRange, how: str) -> Chosen:
    """A value for each variable, in order, since later ones depend on earlier ones."""
    values: Chosen = {}
    for variable in model["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "textbox":
            values[name] = QUOTED if how == "quoted" else boards_id(boards, name)
        elif variable["type"] == "query":
            options = boards.options(variable["query"]["rawSql"], at, values)
            if how == "quoted":
                values[name] = [QUOTED, "x"] if variable["multi"] else QUOTED
            elif not variable["multi"]:
                values[name] = preferred(name, options)
            elif how == "one":
                values[name] = [options[0]]
            elif how == "many":
                values[name] = options[:2]
            else:
                values[name] = options
    return values


def preferred(name: str, options: Sequence[str]) -> str:
    wanted = {"department": "kitchen", "site": "msk-01", "region": "north"}.get(name, "")
    return wanted if wanted in options else options[0]


def boards_id(boards: Boards, name: str) -> str:
    queries = {
        "promise": "SELECT promise_id FROM moments.promises WHERE site_id = 'msk-01' AND state = 'late' "
        "ORDER BY late_s DESC LIMIT 1",
        "visit": "SELECT visit_id FROM moments.visits WHERE site_id = 'msk-01' AND debit > 0 "
        "ORDER BY debit DESC LIMIT 1",
    }
    return str(boards.store.rows(queries[name])[0][0])


@pytest.mark.parametrize("how", ["all", "one", "many", "quoted"])
@pytest.mark.parametrize("name", ENGLISH)
def test_every_panel_runs_whatever_is_chosen(name: str, how: str, boards: Boards, week: TimeRange) -> None:
    """A query that fails shows as an empty panel with a small red corner: nobody reports it."""
    model = MODELS[name]
    values = chosen(model, boards, week, how)
    for panel in panels_of(model):
        (target,) = panel["targets"]
        names, types, found = boards.ask(target["rawSql"], target["format"], week, values)
        if target["format"] == 0:
            assert names[0] == "time", panel["title"]
            assert types[0].startswith(("DateTime", "Nullable(DateTime")), panel["title"]
            numbers = [kind for kind in types[1:] if "String" not in kind]
            assert numbers, panel["title"]
            assert len(types) - 1 - len(numbers) <= 1, (
                f"{panel['title']}: every text column multiplies series"
            )
            assert "String" not in types[-1], panel["title"]
        assert not any("UInt64" in kind or kind == "Int64" for kind in types), f"{panel['title']}: {types}"
        if how == "quoted" and found.fields and "status" not in target["rawSql"]:
            assert target["format"] == 0 or all(row_is_empty(row) for row in found.rows()), panel["title"]


def row_is_empty(row: Mapping[str, Any]) -> bool:
    """Nobody is called o'brien: nothing but nulls, zeros and the measures' own names may come back."""
    left = {
        key: value for key, value in row.items() if key not in {"measure", "title", "standard", "judgement"}
    }
    return not any(left.values())


@pytest.mark.parametrize("name", ENGLISH)
def test_panels_show_something_of_a_living_chain(name: str, boards: Boards, week: TimeRange) -> None:
    """A wrong name in a WHERE is no error, only an empty panel for ever."""
    model = MODELS[name]
    values = chosen(model, boards, week, "all")
    empty = []
    for panel in panels_of(model):
        (target,) = panel["targets"]
        _, _, found = boards.ask(target["rawSql"], target["format"], week, values)
        if not found.fields:
            empty.append(panel["title"])

    assert set(empty) <= EMPTY_HERE, empty


EMPTY_HERE = {
    "Which promises were made?",  # the worst visit need not have made one …
    "What did the customer say afterwards?",  # … nor its customer have said anything
}


@pytest.mark.parametrize("name", ENGLISH)
def test_the_columns_of_a_table_are_those_its_overrides_speak_of(
    name: str, boards: Boards, week: TimeRange
) -> None:
    """An override of a column that does not exist is ignored without a word: title, unit and link are
    lost."""
    model = MODELS[name]
    values = chosen(model, boards, week, "all")
    for panel in panels_of(model):
        if panel["type"] != "table":
            continue
        (target,) = panel["targets"]
        names, _, _ = boards.ask(target["rawSql"], target["format"], week, values)
        spoken = {rule["matcher"]["options"] for rule in panel["fieldConfig"]["overrides"]}
        assert spoken == set(names), panel["title"]


@pytest.mark.parametrize("name", ENGLISH)
def test_fields_are_of_their_panel_s_kind_in_every_zone(
    name: str, source: DataSource, boards: Boards, week: TimeRange
) -> None:
    """A number that comes as a text is drawn as one, a time that comes as a number gives no chart; and the
    browser sends its zone along, in which times without one of their own are read."""
    model = MODELS[name]
    for panel, target in asked(model, chosen(model, boards, week, "all")):
        answer = source.ask(target, week, "Pacific/Auckland")
        _, _, found = boards.ask(target["rawSql"], target["format"], week, {})
        assert answer.frame == found, panel["title"]
        if not found.fields:
            continue
        if target["format"] == 0:
            assert (answer.types[0], found.fields[0][0]) == ("time.Time", "time"), panel["title"]
            assert set(answer.types[1:]) <= NUMBERS, f"{panel['title']}: {answer.types}"
        assert set(answer.types) <= NUMBERS | {"time.Time", "string", "bool"}, panel["title"]


@pytest.mark.parametrize("name", ENGLISH)
def test_a_variable_s_options_are_texts(
    name: str, source: DataSource, boards: Boards, week: TimeRange
) -> None:
    """Grafana takes the first column as the value and the second as what is shown, both as texts."""
    model = MODELS[name]
    values = chosen(model, boards, week, "all")
    for variable in model["templating"]["list"]:
        if variable["type"] != "query":
            continue
        text = interpolate(variable["query"]["rawSql"], values)
        answer = source.ask({"rawSql": text, "format": 1}, week)
        assert answer.types in (["string"], ["string", "string"]), variable["name"]
        assert answer.frame.fields[0][2], variable["name"]
        assert all(answer.frame.fields[-1][2]), variable["name"]


@pytest.mark.parametrize("name", ENGLISH)
def test_other_languages_show_the_same_numbers(name: str, boards: Boards, week: TimeRange) -> None:
    """A panel translated by hand drifts: here only texts may differ."""
    values = chosen(MODELS[name], boards, week, "all")
    for language in ("uk", "ru"):
        other = MODELS[name.replace("en/", f"{language}/")]
        for (panel, mine), (theirs, target) in zip(
            asked(MODELS[name], values), asked(other, values), strict=True
        ):
            assert panel["type"] == theirs["type"]
            assert panel["gridPos"] == theirs["gridPos"]
            if mine["rawSql"] != target["rawSql"]:
                assert numbers_of(boards, mine, week) == numbers_of(boards, target, week), panel["title"]


def numbers_of(boards: Boards, target: dict[str, Any], week: TimeRange) -> list[str]:
    """What a panel shows but for its texts, in an order that no text decides."""
    _, _, found = boards.ask(target["rawSql"], target["format"], week, {})
    columns = [values for _, _, values in found.fields if not any(isinstance(value, str) for value in values)]
    rows = zip(*columns, strict=True) if target["format"] == 1 else columns
    return sorted(map(str, rows))


def test_a_choice_that_looks_like_a_comment_stays_whole(boards: Boards, week: TimeRange) -> None:
    """The newer plugin takes comments out of a query before it reads macros. Given a choice with quotes and
    what looks like comments, nothing is taken out of any query."""
    count = 0
    for model in MODELS.values():
        for _, target in asked(model, chosen(model, boards, week, "quoted")):
            assert without_comments(target["rawSql"]) == target["rawSql"]
            count += QUOTED.replace("'", "''").replace('"', '\\"') in target["rawSql"]

    assert count > 100
    assert without_comments("a = 'o\\'b -- x' AND c") != "a = 'o\\'b -- x' AND c"
