"""Whole parts that add up: largest remainder (Hamilton), ties to the first code."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import floor

Quantity = Fraction | int | float | Decimal

BASIS_POINTS = 10_000
UNIT = 1_000_000
"""Quantities are told apart down to 1e-6 of their unit (R24), far above the noise of a float sum."""


def largest_remainder(quantities: Mapping[str, Quantity], total: int = BASIS_POINTS) -> dict[str, int]:
    """Cut `total` into whole parts in proportion to `quantities`; the parts sum to `total` exactly.

    The parts left after rounding down go to the largest remainders, ties by code. Nothing to share gives
    `{}`. Raises ValueError for a negative quantity, and for NaN or an infinity.
    """
    exact = {code: Fraction(quantity) for code, quantity in quantities.items()}
    if any(quantity < 0 for quantity in exact.values()):
        raise ValueError("a negative quantity has no share")
    whole = sum(exact.values(), Fraction(0))
    if not whole:
        return {}
    ideal = {code: quantity * total / whole for code, quantity in exact.items()}
    parts = {code: floor(part) for code, part in ideal.items()}
    by_remainder = sorted(ideal, key=lambda code: (parts[code] - ideal[code], code))
    for code in by_remainder[: total - sum(parts.values())]:
        parts[code] += 1
    return parts


def to_unit(quantity: Quantity) -> Fraction:
    """`quantity` rounded to 1e-6, halves up; the value as it is written, so a float is taken bit for bit."""
    return Fraction(floor(Fraction(quantity) * UNIT + Fraction(1, 2)), UNIT)


def basis_points(quantities: Mapping[str, Quantity]) -> dict[str, int]:
    """Shares as shown: quantities rounded to 1e-6 first, owners of nothing left out, parts summing to 10000.
    """
    rounded = {code: to_unit(quantity) for code, quantity in quantities.items()}
    return largest_remainder({code: quantity for code, quantity in rounded.items() if quantity})
