"""The visit experience score and its two ledgers: worked vectors and what must always hold."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dictionary import SCORES
from domain.scoring import (
    MomentInput,
    Multipliers,
    by_department,
    evidence_coverage,
    shares,
    timed_outcome,
    visit_ledger,
)

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "attribution.json").read_text())["vectors"]
VISITS = {vector["id"]: vector for vector in VECTORS if vector["kind"] == "visit"}
OUTCOMES = [vector for vector in VECTORS if vector["kind"] == "outcome"]


def exact(numbers: dict[str, str]) -> dict[str, Fraction]:
    return {owner: Fraction(text) for owner, text in numbers.items()}


def ledger_of(vector):
    told = vector["input"]
    multipliers = Multipliers(Fraction(told["first_multiplier"]), Fraction(told["last_multiplier"]))
    assert told["scores"] == {outcome: str(score) for outcome, score in SCORES.items()}
    return visit_ledger(
        [
            MomentInput(
                SCORES[moment["outcome"]],
                Fraction(moment["w"]),
                exact(moment["split"]),
                multipliers=multipliers,
            )
            for moment in told["moments"]
        ]
    )


def test_a_visit_without_moments_has_no_score():
    ledger = visit_ledger([])

    assert ledger.ves is None
    assert ledger.debit_points == ledger.credit_points == 0


@pytest.mark.parametrize("code", VISITS)
def test_the_worked_visit_is_reproduced(code):
    ledger, expected = ledger_of(VISITS[code]), VISITS[code]["expected"]
    debit, credit = by_department(ledger.debit), by_department(ledger.credit)

    assert ledger.ves == Fraction(expected["visit_experience_score"])
    assert [line.weight for line in ledger.lines] == [Fraction(text) for text in expected["weights"]]
    assert debit == exact(expected["debit_by_department"])
    assert credit == exact(expected["credit_by_department"])
    assert shares(debit) == exact(expected["debit_share"])
    assert shares(credit) == exact(expected["credit_share"])


@pytest.mark.parametrize("vector", OUTCOMES, ids=lambda vector: vector["id"])
def test_an_outcome_is_shared_like_the_debit_of_its_visit(vector):
    debit = by_department(ledger_of(VISITS[vector["input"]["visit"]]).debit)

    assert (shares(debit) or {"unexplained": Fraction(1)}) == exact(vector["expected"])


def test_the_only_moment_of_a_visit_is_its_last_impression():
    moment = MomentInput(90, Fraction(2), {"bar": Fraction(1)})

    assert [line.position for line in visit_ledger([moment]).lines] == ["last"]
    assert [line.position for line in visit_ledger([moment] * 3).lines] == ["first", "middle", "last"]


@pytest.mark.parametrize(
    ("elapsed_s", "outcome"),
    [
        (0, "exceeded"),
        (80, "exceeded"),
        (81, "met"),
        (100, "met"),
        (101, "below"),
        (125, "below"),
        (126, "failed"),
    ],
)
def test_the_outcome_of_a_fulfilled_promise_changes_exactly_at_its_limits(elapsed_s, outcome):
    assert timed_outcome(elapsed_s, 100) == outcome


@pytest.mark.parametrize(("elapsed_s", "outcome"), [(0, "exceeded"), (1, "failed")])
def test_a_promise_of_no_time_at_all_can_be_kept(elapsed_s, outcome):
    assert timed_outcome(elapsed_s, 0) == outcome


def test_limits_fall_between_seconds_where_the_window_does_not_divide():
    """0.8 of 7 s is 5.6 s and 1.25 of it 8.75 s: no rounding on the way."""
    assert [timed_outcome(seconds, 7) for seconds in (5, 6, 7, 8, 9)] == [
        "exceeded",
        "met",
        "met",
        "below",
        "failed",
    ]


def test_evidence_is_what_stages_and_root_causes_tell_unmeasured_excepted():
    debit = {
        ("kitchen", "stage_overrun"): Fraction(3),
        ("unmeasured", "stage_overrun"): Fraction(2),
        ("it", "root_cause"): Fraction(4),
        ("unmeasured", "root_cause"): Fraction(1),
        ("bar", "default"): Fraction(10),
    }

    assert evidence_coverage([debit, {("bar", "default"): Fraction(8)}]) == Fraction(7, 28)
    assert evidence_coverage([]) is None


DEPARTMENTS = st.sampled_from(["kitchen", "bar", "it", "unmeasured"])
SPLITS = st.dictionaries(DEPARTMENTS, st.integers(1, 9), min_size=1).map(
    lambda parts: {owner: Fraction(part, sum(parts.values())) for owner, part in parts.items()}
)
MOMENTS = st.lists(
    st.builds(
        MomentInput,
        st.sampled_from(sorted(SCORES.values())),
        st.fractions(Fraction(1, 10), 5),
        SPLITS,
        st.sampled_from(["stage_overrun", "root_cause", "default"]),
        st.builds(Multipliers, st.fractions(Fraction(1, 2), 3), st.fractions(Fraction(1, 2), 3)),
    ),
    min_size=1,
    max_size=7,
)


@given(MOMENTS)
def test_the_score_is_75_less_all_debit_plus_all_credit_exactly(moments):
    ledger = visit_ledger(moments)

    assert ledger.ves == 75 - ledger.debit_points + ledger.credit_points
    assert 0 <= ledger.ves <= 100


@given(MOMENTS)
def test_weights_sum_to_one_and_lines_to_the_ledgers(moments):
    ledger = visit_ledger(moments)

    assert sum(line.weight for line in ledger.lines) == 1
    assert sum(line.debit for line in ledger.lines) == ledger.debit_points
    assert sum(line.credit for line in ledger.lines) == ledger.credit_points
    assert all(not line.debit or not line.credit for line in ledger.lines)


@given(MOMENTS, st.integers(2, 9))
def test_only_relations_between_weights_count(moments, factor):
    scaled = [MomentInput(m.score, m.weight * factor, m.split, m.basis, m.multipliers) for m in moments]

    assert visit_ledger(moments) == visit_ledger(scaled)
