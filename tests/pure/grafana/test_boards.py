"""The committed boards: built from the code, whole, and without anything that fails in silence."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from domain.dictionary import LANGUAGES
from domain.measures import CATALOGUE
from grafana import rules
from grafana.boards import BOARDS
from grafana.build import HERE, generated, stale, write
from grafana.texts import table

COMMITTED = {
    f"{file.parent.name}/{file.stem}": json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((HERE / "dashboards").glob("*/*.json"))
}
SCHEMA = json.loads(Path(__file__).with_name("classic_dashboard.schema.json").read_text(encoding="utf-8"))
Model = dict[str, Any]


def test_there_are_boards_in_every_language() -> None:
    """A glob that finds nothing makes every test below pass."""
    assert set(COMMITTED) == {f"{language}/{slug}" for language in LANGUAGES for slug in BOARDS}


def test_building_again_changes_nothing(tmp_path: Path) -> None:
    """A board edited by hand, or code changed without building, shows something else than what was
    reviewed."""
    assert stale() == []
    assert set(write(tmp_path)) == set(generated())
    assert write(tmp_path) == []


def test_a_file_that_is_no_longer_generated_is_removed(tmp_path: Path) -> None:
    """A board that was renamed would stay in Grafana under its old name, and never be updated again."""
    write(tmp_path)
    old = tmp_path / "dashboards/en/old.json"
    old.write_text("{}")

    assert write(tmp_path) == ["dashboards/en/old.json"]
    assert not old.exists()


@pytest.mark.parametrize("name", COMMITTED)
def test_the_json_is_what_grafana_documents(name: str) -> None:
    """An option under a wrong name is ignored by Grafana without a word."""
    jsonschema.Draft202012Validator(SCHEMA).validate(COMMITTED[name])


def test_the_schema_is_itself_a_schema_and_refuses_what_is_misspelt() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    model = copy.deepcopy(COMMITTED["en/chain"])
    model["panels"][0]["fieldConfig"]["defaults"]["noValues"] = "-"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(model)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_no_board_breaks_a_rule(rule: rules.Rule) -> None:
    """The rules' own docstrings name what each prevents."""
    assert rule.__doc__
    faults = [f"{name}: {fault}" for name, model in COMMITTED.items() for fault in rule(model)]

    assert faults == []


def test_links_lead_to_boards_and_variables_that_exist() -> None:
    """A link to a missing board opens an empty page; a variable that the target lacks is dropped."""
    assert rules.broken_links(COMMITTED) == []


def test_uids_are_unique() -> None:
    """Of two boards with one uid the second overwrites the first at every start, in turns."""
    uids = [model["uid"] for model in COMMITTED.values()]

    assert len(set(uids)) == len(uids)


def first(model: Model, kind: str = "") -> Model:
    return next(panel for panel in rules.asking(model) if panel["type"] == kind or not kind)  # type: ignore[return-value]


BREAKERS: dict[str, Callable[[Model], object]] = {
    "classic_model": lambda m: m.update(schemaVersion=1),
    "fixed_uid": lambda m: m.update(uid="x" * 41),
    "unique_panel_ids": lambda m: m["panels"][1].update(id=1),
    "known_panel_types": lambda m: m["panels"][0].update(type="piechart"),
    "inside_the_grid": lambda m: m["panels"][1]["gridPos"].update(x=0),
    "few_enough_panels": lambda m: m["panels"].extend([first(m)] * 30),
    "whole_queries": lambda m: first(m)["targets"][0].update(query="SELECT 1"),
    "chosen_data_source": lambda m: first(m)["datasource"].update(uid="abc"),
    "declared_variables": lambda m: replace_sql(m, "${region:sqlstring}", "${brand:sqlstring}"),
    "quoted_variables": lambda m: replace_sql(m, "${region:sqlstring}", "'${region}'"),
    "known_macros": lambda m: replace_sql(m, "$__toTime", "$__conditionalAll(1, $region)"),
    "ordered_time_series": lambda m: replace_sql(m, "ORDER BY time", "ORDER BY value"),
    "explained": lambda m: first(m).update(description=""),
    "units_and_no_data": lambda m: first(m)["fieldConfig"]["defaults"].pop("noValue"),
    "no_lines_over_gaps": lambda m: first(m, "timeseries")["fieldConfig"]["defaults"]["custom"].update(
        spanNulls=True
    ),
    "reading_only": lambda m: m.update(editable=True),
    "links_keep_time": lambda m: m["links"][0].update(keepTime=False),
}


def replace_sql(model: Model, old: str, new: str) -> None:
    for panel in rules.asking(model):
        panel["targets"][0]["rawSql"] = panel["targets"][0]["rawSql"].replace(old, new)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_each_rule_finds_what_it_is_for(rule: rules.Rule) -> None:
    """A rule that never fires protects nobody."""
    model = copy.deepcopy(COMMITTED["en/chain"])
    BREAKERS[rule.__name__](model)

    assert list(rule(model))


def test_every_text_is_there_in_every_language_with_the_same_places() -> None:
    """A text that lacks a language stops the build; one that lacks a place shows a figure without its
    name."""
    for key, texts in table().items():
        assert set(texts) == set(LANGUAGES), key
        places = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in texts.items()}
        assert places["en"] == places["uk"] == places["ru"], key
        assert all(text.strip() for text in texts.values()), key


def test_no_text_is_left_that_nothing_shows() -> None:
    """A table that keeps dead entries is translated for nothing, and then not trusted."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in HERE.rglob("*.py"))
    sql = "\n".join(file.read_text(encoding="utf-8") for file in (HERE / "sql").glob("*.sql"))
    by_section = ("judgement", "risk", "state", "health", "band", "evidence", "basis", "origin", "outcome")
    by_section += (
        "moment_outcome",
        "said",
        "status",
        "unit",
        "interval",
        "question",
        "board",
        "alert",
        "summary",
    )
    for key in table():
        section, _, name = key.partition(".")
        if section not in by_section:
            used = f'"{key}"' in code or f'"{name}"' in code or re.search(rf"\b{name}\b", sql)
            assert used, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_board_speaks_one_language(language: str) -> None:
    """Cyrillic on an English board, or an English title on another, is a text that did not come from the
    table."""
    for slug in BOARDS:
        model = COMMITTED[f"{language}/{slug}"]
        for panel in rules.asking(model):
            cyrillic = bool(re.search("[а-яіїєґ]", panel["title"], re.IGNORECASE))
            assert cyrillic == (language != "en"), panel["title"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_figure_is_stands_in_the_language_of_its_board(language: str) -> None:
    """A formula in another language is a figure that nobody can check."""
    for measure in CATALOGUE.values():
        about = [
            panel["description"]
            for slug in BOARDS
            for panel in rules.asking(COMMITTED[f"{language}/{slug}"])
            if f"**{measure.title[language]}** = " in panel["description"]
        ]
        assert about, measure.code
        for text in about:
            assert measure.formula[language] in text, measure.code
            assert measure.n[language] in text, measure.code


def test_every_measure_stands_on_the_board_of_its_owner_and_of_its_area() -> None:
    """A measure that nobody placed is computed for ever and seen by nobody."""
    by_owner = {"provider": "providers", "support": "support", "management": "management"}
    by_area = {"promises": "promises", "recovery": "recovery-voice", "voice": "recovery-voice"}
    for measure in CATALOGUE.values():
        wanted = {by_owner[measure.owner_tier], by_area.get(measure.area, by_owner[measure.owner_tier])}
        for slug in wanted:
            asked = "".join(panel["targets"][0]["rawSql"] for panel in rules.asking(COMMITTED[f"en/{slug}"]))
            assert f"moments.kpi_{measure.code} " in asked, f"{measure.code} is not on {slug}"
