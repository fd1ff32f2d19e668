"""Docs cannot drift from the code: every verb, setting, event type and measure is in them, and every link
leads somewhere."""

import re
from pathlib import Path

import pytest

from domain.events import EVENT_TYPES
from domain.measures import CATALOGUE
from moments.cli.reference import reference

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *ROOT.glob("*.md"), *sorted((ROOT / "examples").rglob("*.md"))]


def text(name: str) -> str:
    return (DOCS / name).read_text()


def test_the_command_page_is_what_the_command_says_of_itself() -> None:
    assert text("command.md") == reference(), "run `make docs`"


@pytest.mark.parametrize("verb", re.findall(r"^## moments (\S+)", reference(), re.MULTILINE))
def test_every_verb_has_an_example(verb: str) -> None:
    section = re.search(rf"^##+ moments {verb}\b.*?(?=^## |\Z)", reference(), re.MULTILINE | re.DOTALL)[0]

    assert f"Example: moments {verb}" in " ".join(section.split())


def test_the_verbs_of_the_contract_are_there() -> None:
    verbs = set(re.findall(r"^## moments (\S+)", reference(), re.MULTILINE))

    expected = "up serve emit simulate rebuild verify dead-letters sites keys kpis config"

    assert verbs >= set(expected.split())


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_event_type_is_documented(event_type: str) -> None:
    assert event_type.removeprefix("moments.") in text("events.md")


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_measure_is_documented(code: str) -> None:
    assert f"`{code}`" in text("measures.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_link_leads_to_a_file(page: Path) -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())]

    assert [link for link in links if link and "://" not in link and not (page.parent / link).exists()] == []


def test_every_make_verb_the_docs_tell_to_use_exists() -> None:
    told = {
        verb
        for page in PAGES
        for verb in re.findall(r"(?:^ {4}|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert told - verbs == set()


def test_every_make_verb_has_help() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    helped = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(phony) == helped
