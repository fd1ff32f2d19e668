"""Quantiles of Student's t and of the gamma distribution, to a relative error of about 1e-12.

Continued fractions by the modified Lentz method (Press et al., Numerical Recipes, sections 6.2 and 6.4);
inverted by Newton's method, which converges on these smooth monotone functions in a few steps.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, inf, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

_TINY = 1e-300
_EPSILON = 3e-16
_STEPS = 200
_MANY_DEGREES = 1000.0
_MANY_EVENTS = 1e9


@lru_cache(maxsize=4096)
def student_quantile(p: float, degrees: float) -> float:
    """t with P(T <= t) = p for 0.5 < p < 1 and any positive degrees of freedom, whole or not (Welch)."""
    if not 0.5 < p < 1 or not degrees > 0:
        raise ValueError("needs 0.5 < p < 1 and positive degrees of freedom")
    z = Z if p == 0.975 else NormalDist().inv_cdf(p)
    if degrees >= _MANY_DEGREES:
        return _student_expansion(z, degrees)
    tail = 2 * (1 - p)
    log_scale = lgamma((degrees + 1) / 2) - lgamma(degrees / 2) - log(degrees * pi) / 2
    # The density falls, so the tail is convex and Newton climbs from z, left of every t, never past it.
    t = z
    for _ in range(_STEPS):
        excess = _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5) - tail
        density = exp(log_scale - (degrees + 1) / 2 * log1p(t * t / degrees))
        step = excess / (2 * density)
        t += step
        if abs(step) <= 1e-15 * t:
            break
    return t


def gamma_quantile(p: float, shape: float) -> float:
    """x with P(X <= x) = p for X gamma distributed with that shape and scale 1; half a chi-square's."""
    _check_gamma(p, shape)
    return _solve_gamma(shape, _gamma_start(NormalDist().inv_cdf(p), shape), lambda lower, _: lower - p)


def gamma_upper_quantile(p: float, shape: float) -> float:
    """x with P(X > x) = p: the upper tail itself is solved for, so that a small p loses no digits."""
    _check_gamma(p, shape)
    return _solve_gamma(shape, _gamma_start(-NormalDist().inv_cdf(p), shape), lambda _, upper: p - upper)


def _check_gamma(p: float, shape: float) -> None:
    if not 0 < p < 1 or not 0 < shape <= _MANY_EVENTS:
        raise ValueError("needs 0 < p < 1 and a positive shape up to 1e9")


def _student_expansion(z: float, degrees: float) -> float:
    """Cornish-Fisher in 1/degrees (Abramowitz and Stegun 26.7.5); the next term is below 1e-14 here."""
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + (g1 + (g2 + (g3 + g4 / degrees) / degrees) / degrees) / degrees


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, _reciprocal(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = _reciprocal(1 + even * d), _away_from_zero(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = _reciprocal(1 + odd * d), _away_from_zero(1 + odd / c)
        value *= d * c
        if abs(d * c - 1) < _EPSILON:
            break
    return value


def _gamma_start(z: float, shape: float) -> float:
    """Wilson and Hilferty's cube, kept positive for small shapes."""
    cube = 1 - 1 / (9 * shape) + z / (3 * sqrt(shape))
    return max(shape * cube**3, 1e-3 * shape)


def _solve_gamma(shape: float, start: float, excess: Callable[[float, float], float]) -> float:
    """Newton, kept inside the bracket that the signs seen so far prove; `excess` rises with x."""
    low, high, x = 0.0, inf, start
    for _ in range(_STEPS):
        lower, upper, density = _incomplete_gamma(x, shape)
        over = excess(lower, upper)
        low, high = (low, x) if over > 0 else (x, high)
        following = x - over / density if density > 0 else inf
        if not low <= following <= high:
            following = (low + high) / 2 if high < inf else 2 * x
        if abs(following - x) <= 1e-15 * x:
            return following
        x = following
    return x


def _incomplete_gamma(x: float, shape: float) -> tuple[float, float, float]:
    """P(X <= x), P(X > x) and the density at x, the smaller probability to full relative accuracy."""
    front = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1:
        lower = front * _gamma_series(x, shape)
        return lower, 1 - lower, front / x
    upper = front * _gamma_fraction(x, shape)
    return 1 - upper, upper, front / x


def _gamma_series(x: float, shape: float) -> float:
    term = value = 1 / shape
    n = shape
    while term > value * _EPSILON:
        n += 1
        term *= x / n
        value += term
    return value


def _gamma_fraction(x: float, shape: float) -> float:
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    value = d
    for i in range(1, 1_000_000):
        numerator = i * (shape - i)
        b += 2
        d, c = _reciprocal(b + numerator * d), _away_from_zero(b + numerator / c)
        value *= d * c
        if abs(d * c - 1) < _EPSILON:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _reciprocal(value: float) -> float:
    return 1 / _away_from_zero(value)
