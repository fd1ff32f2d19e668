"""Largest remainder and the basis points that are shown (R24)."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rounding import basis_points, largest_remainder, to_unit

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "attribution.json").read_text())["vectors"]
CODES = st.text("abcxyz_", min_size=1, max_size=3)
QUANTITIES = st.dictionaries(CODES, st.fractions(0, 1000), max_size=8)


@pytest.mark.parametrize("quantity", [Fraction(-1, 3), -0.001, Decimal(-1)])
def test_a_negative_quantity_is_refused(quantity):
    with pytest.raises(ValueError, match="negative"):
        largest_remainder({"a": Fraction(1), "b": quantity})


@pytest.mark.parametrize("quantity", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(quantity):
    with pytest.raises((ValueError, OverflowError)):
        basis_points({"a": quantity})


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "rounding"], ids=lambda v: v["id"])
def test_the_worked_case_is_reproduced(vector):
    quantities = {code: Fraction(text) for code, text in vector["input"].items()}

    assert largest_remainder(quantities, vector["scale"]) == vector["expected"]


def test_nothing_to_share_gives_no_shares():
    assert largest_remainder({}) == {}
    assert largest_remainder({"a": 0, "b": Fraction(0)}) == {}
    assert basis_points({"a": 0.0, "b": 4e-7}) == {}


def test_ties_go_to_the_first_code_by_code_point():
    assert largest_remainder({"b": 1, "a": 1, "B": 1}, 4) == {"b": 1, "a": 1, "B": 2}


def test_quantities_are_first_rounded_to_a_millionth_halves_up():
    assert to_unit(Decimal("0.0000005")) == Fraction(1, 10**6)
    assert to_unit(Fraction(1, 3)) == Fraction(333333, 10**6)
    assert to_unit(Fraction(14999999, 10**7)) == Fraction(15, 10)


def test_noise_of_floats_decides_no_tie():
    """Three equal owners, one summed in another order: the parts are those of three equal owners."""
    noisy = {"c": 0.1 + 0.2, "a": 0.3, "b": 0.3}

    assert basis_points(noisy) == {"a": 3334, "b": 3333, "c": 3333}


def test_owners_of_nothing_are_left_out():
    assert basis_points({"kitchen": 2.0, "it": 1e-9}) == {"kitchen": 10000}


@given(QUANTITIES, st.integers(1, 20_000))
def test_parts_sum_to_the_whole_and_are_within_one_of_the_exact_share(quantities, total):
    parts = largest_remainder(quantities, total)
    whole = sum(quantities.values())

    assert sum(parts.values()) == (total if whole else 0)
    for code, part in parts.items():
        assert abs(part - quantities[code] * total / whole) < 1


@given(QUANTITIES)
def test_the_order_of_owners_is_irrelevant_and_more_never_gets_less(quantities):
    parts = largest_remainder(quantities)

    assert parts == largest_remainder(dict(sorted(quantities.items(), reverse=True)))
    by_quantity = sorted(parts, key=lambda code: quantities[code])
    for less, more in pairwise(by_quantity):
        assert parts[less] <= parts[more] or quantities[less] == quantities[more]


@given(QUANTITIES)
def test_basis_points_are_those_of_the_same_quantities_as_floats(quantities):
    whole = {code: to_unit(quantity) for code, quantity in quantities.items()}

    assert basis_points(whole) == basis_points({code: float(quantity) for code, quantity in whole.items()})
