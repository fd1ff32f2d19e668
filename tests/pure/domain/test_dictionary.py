"""The default dictionary and what registrations add to it."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest

from domain.dictionary import (
    DEFAULT,
    LANGUAGES,
    PHASE_TITLES,
    RING_TITLES,
    SCORES,
    STANDARD,
    TIER_TITLES,
    Ring,
    Tier,
    titles_of,
)
from domain.events import parse_data


def decision(name, **data):
    return parse_data("moments." + name, 1, msgspec.json.encode(data))


def test_it_holds_what_the_domain_says():
    assert (len(DEFAULT.departments), len(DEFAULT.channels), len(DEFAULT.moments)) == (26, 16, 38)
    assert SCORES == {"failed": 0, "below": 50, "met": 75, "exceeded": 90, "wow": 100}
    assert SCORES["met"] == STANDARD
    assert DEFAULT.tier("kitchen") == Tier.SUPPORT
    assert DEFAULT.tier("unmeasured") == DEFAULT.tier("unexplained") == Tier.UNASSIGNED


def test_everything_has_a_title_in_three_languages():
    entries = [*DEFAULT.departments.values(), *DEFAULT.channels.values(), *DEFAULT.moments.values()]
    titles = [entry.titles for entry in entries]
    titles += [*TIER_TITLES.values(), *RING_TITLES.values(), *PHASE_TITLES.values()]
    assert set(TIER_TITLES) == set(Tier)
    assert set(RING_TITLES) == set(Ring)
    assert {moment.phase for moment in DEFAULT.moments.values()} == set(PHASE_TITLES)
    for each in titles:
        assert set(each) == set(LANGUAGES)
        assert all(title.strip() == title != "" for title in each.values())


@pytest.mark.parametrize("kind", ["departments", "channels", "moments"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_entries_of_a_kind_have_one_title(kind, language):
    titles = [entry.titles[language] for entry in getattr(DEFAULT, kind).values()]
    assert len(set(titles)) == len(titles)


def test_every_default_split_is_exact_and_names_departments():
    for moment in DEFAULT.moments.values():
        assert sum(moment.split.values()) == 1
        assert set(moment.split) <= set(DEFAULT.departments)
        assert moment.weight > 0
    assert DEFAULT.moments["recovery"].weight > DEFAULT.moments["order_taking"].weight


def test_a_registration_adds_an_entry_and_leaves_the_default_alone():
    grown = DEFAULT.with_decision(
        decision("department.registered", department="pastry", tier="support", title={"en": "Pastry"})
    )
    assert grown.departments["pastry"].titles == {"en": "Pastry", "uk": "Pastry", "ru": "Pastry"}
    assert "pastry" not in DEFAULT.departments


def test_a_code_keeps_its_meaning_and_takes_a_new_title():
    again = decision("department.registered", department="kitchen", tier="provider", title="Cucina")
    kitchen = DEFAULT.with_decision(again).departments["kitchen"]
    assert (kitchen.tier, kitchen.titles["en"]) == (Tier.SUPPORT, "Cucina")


def test_weights_and_splits_are_replaced():
    heavier = DEFAULT.with_decision(
        decision("moment_weight.set", moment="serving", weight="7/3", valid_from="2026-01-01")
    )
    assert heavier.moments["serving"].weight == Fraction(7, 3)


def test_a_missing_language_borrows_english_or_the_first_there_is():
    assert titles_of({"uk": "Бар", "en": "Bar"}) == {"uk": "Бар", "en": "Bar", "ru": "Bar"}
    assert titles_of({"de": "Bäckerei"})["en"] == "Bäckerei"
    assert titles_of({})["en"] == ""
