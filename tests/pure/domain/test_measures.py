"""The catalogue is the only place that says what a measure is."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from domain.dictionary import DEFAULT, LANGUAGES, Tier
from domain.measures import CATALOGUE, EVIDENCE, SHARED, Dimension, Interval, Kind, Measure
from domain.measures.figure import Sums, figure
from domain.measures.page import measures_page
from projections.measures import measure_select

ROOT = Path(__file__).parents[3]
SELECTS = ROOT / "projections" / "measures"

# Codes that are words of the domain too: a column, an instrument, a field of the contract.
ALSO_WORDS = {"ves", "last_score", "nps", "csat", "evidence_coverage"}

PROMISED = {
    "ves", "on_time", "above_standard", "wow_rate", "spoil", "save", "last_score", "late_minutes",
    "promise_equivalents", "hidden_minutes", "rescue_minutes", "over_promise_minutes", "debit_points",
    "credit_points", "evidence_coverage", "nps", "csat", "complaints_per_1000",
}  # fmt: skip


def named_in(file: Path) -> set[str]:
    """Measures that a module names in a text of its own."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return texts & (CATALOGUE.keys() - ALSO_WORDS)


class TestOneCatalogue:
    def test_every_measure_promised_is_there(self) -> None:
        assert CATALOGUE.keys() >= PROMISED

    @pytest.mark.parametrize("package", ["domain", "ingest", "projections", "api"])
    def test_nothing_else_names_a_measure(self, package: str) -> None:
        naming = {
            str(file.relative_to(ROOT)): named_in(file)
            for file in (ROOT / package).rglob("*.py")
            if file.parent != ROOT / "domain" / "measures"
        }
        assert {name: codes for name, codes in naming.items() if codes} == {}

    def test_every_measure_has_one_select_and_every_select_a_measure(self) -> None:
        assert sorted(file.stem for file in SELECTS.glob("*.sql")) == sorted(CATALOGUE)

    def test_the_documentation_is_the_catalogue(self) -> None:
        assert (ROOT / "docs" / "measures.md").read_text() == measures_page()


@pytest.mark.parametrize("measure", CATALOGUE.values(), ids=lambda measure: measure.code)
class TestEveryEntry:
    def test_has_titles_and_an_owner_that_exist(self, measure: Measure) -> None:
        assert all(measure.title[language] for language in LANGUAGES)
        for words in (measure.formula, measure.numerator, measure.denominator, measure.n):
            assert set(words) == set(LANGUAGES)
            assert all(words.values())
        assert measure.owner_tier in set(Tier)
        for department in measure.owner_departments:
            assert department in DEFAULT.departments

    def test_has_a_department_part_exactly_when_it_has_the_dimension(self, measure: Measure) -> None:
        select = measure_select(measure.code)
        assert (select.departments is not None) == measure.by_department
        assert (Dimension.TIER in measure.dimensions) == measure.by_department

    def test_reads_the_views_it_says(self, measure: Measure) -> None:
        select = measure_select(measure.code)
        text = select.whole + " " + (select.departments or "")
        read = {word.removeprefix("moments.") for word in text.split() if word.startswith("moments.")}
        assert read == set(measure.source)

    def test_has_an_interval_that_fits_its_kind(self, measure: Measure) -> None:
        fitting = {
            Kind.PROPORTION: Interval.WILSON,
            Kind.MEAN: Interval.STUDENT,
            Kind.NPS: Interval.ADJUSTED_WALD,
            Kind.RATE: Interval.GARWOOD,
            Kind.TOTAL: Interval.NONE,
            Kind.RATIO: Interval.NONE,
        }
        assert measure.interval is fitting[measure.kind]
        assert figure(measure, Sums(1.0, 2.0, 2.0, 1.0)).value is not None

    def test_is_null_without_observations(self, measure: Measure) -> None:
        shown = figure(measure, Sums(0.0, 0.0, 0.0, 0.0))
        assert (shown.value, shown.lo, shown.hi, shown.low_n) == (None, None, None, True)

    def test_has_thresholds_on_the_worse_side_of_its_standard(self, measure: Measure) -> None:
        if measure.thresholds is None:
            return
        assert measure.standard is not None
        sign = 1 if measure.direction == "up" else -1
        assert (
            sign * measure.standard >= sign * measure.thresholds.warning > sign * measure.thresholds.critical
        )


class TestFigures:
    def test_the_interval_is_in_the_unit_of_the_value(self) -> None:
        nps = figure(CATALOGUE["nps"], Sums(45.0, 100.0, 100.0, 75.0))
        assert (nps.value, nps.lo, nps.hi) == (
            45.0,
            pytest.approx(29.34311120173409),
            pytest.approx(58.03552957496494),
        )
        rate = figure(CATALOGUE["complaints_per_1000"], Sums(0.0, 800.0, 800.0, 0.0))
        assert (rate.value, rate.lo, rate.hi) == (0.0, 0.0, pytest.approx(4.611099317642419))

    def test_people_are_hidden_below_five(self) -> None:
        people = replace(CATALOGUE["csat"], people=True)
        assert figure(people, Sums(4.0, 4.0, 4.0, 4.0)).hidden
        assert not figure(people, Sums(5.0, 5.0, 5.0, 5.0)).hidden

    def test_shares_are_of_totals(self) -> None:
        assert {CATALOGUE[code].kind for code in SHARED} == {Kind.TOTAL}
        assert EVIDENCE.kind is Kind.RATIO
