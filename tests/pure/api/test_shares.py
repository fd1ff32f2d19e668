"""Shares as shown: whatever the quantities, basis points sum to 10000 and follow them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.shares import By, share_rows
from domain.dictionary import DEFAULT

TIERS = {code: department.tier.value for code, department in DEFAULT.departments.items()}

quantities = st.dictionaries(
    st.sampled_from(sorted(TIERS)), st.floats(min_value=0, max_value=1e9, allow_nan=False), max_size=26
)


@given(quantities)
def test_basis_points_sum_to_ten_thousand(owned: dict[str, float]) -> None:
    rows = share_rows(owned, By.DEPARTMENT, TIERS)
    seen = any(quantity >= 5e-7 for quantity in owned.values())
    assert sum(row["share_bp"] for row in rows) == (10_000 if seen else 0)
    assert [row["quantity"] for row in rows] == sorted((row["quantity"] for row in rows), reverse=True)
    assert all(row["tier"] == TIERS[row["department"]] for row in rows)


def test_a_tie_goes_to_the_first_code_and_nobody_with_nothing_is_shown() -> None:
    rows = share_rows({"kitchen": 1.0, "bar": 1.0, "it": 1.0, "hr": 0.0}, By.DEPARTMENT, TIERS)
    assert [(row["department"], row["share_bp"]) for row in rows] == [
        ("bar", 3334),
        ("it", 3333),
        ("kitchen", 3333),
    ]


def test_an_owner_nobody_knows_is_unassigned() -> None:
    (row,) = share_rows({"ghosts": 2.0}, By.DEPARTMENT, TIERS)
    assert (row["tier"], row["share_bp"]) == ("unassigned", 10_000)
