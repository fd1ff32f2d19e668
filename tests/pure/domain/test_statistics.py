"""Intervals, charts and rankings against tests/vectors/kpis.json and published tables."""

import json
from fractions import Fraction
from math import atan, cos, exp, factorial, pi, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import (
    SiteCount,
    adjusted_wald,
    byar,
    decompose,
    gamma_quantile,
    gamma_upper_quantile,
    garwood,
    laney,
    rank_fairly,
    student,
    student_quantile,
    welch,
    wilson,
    xmr,
)

VECTORS = {
    vector["id"]: vector
    for vector in json.loads(Path(__file__).parents[2].joinpath("vectors", "kpis.json").read_text())
}
close = pytest.approx


def vector(code: str):
    return VECTORS[code]["input"], VECTORS[code].get("expected")


# No observations are no value


def test_without_observations_there_is_no_interval():
    assert wilson(0, 0) is None
    assert adjusted_wald(0, 0, 0) is None
    assert garwood(0, 0) is None
    assert byar(3, 0) is None
    assert student(0, 0, 0) is None
    assert student(1, 5, 25) is None
    assert welch((1, 5, 25), (9, 5, 25)) is None
    assert xmr([3.0]) is None
    assert laney([1], [10]) is None
    assert rank_fairly([]) is None
    assert rank_fairly([SiteCount("a", 0, 0)]) is None


def test_quantiles_outside_their_domain_are_refused():
    for call in (
        lambda: student_quantile(0.5, 3),
        lambda: student_quantile(0.975, 0),
        lambda: gamma_quantile(0, 3),
        lambda: gamma_upper_quantile(0.5, 0),
    ):
        with pytest.raises(ValueError, match="needs"):
            call()
    with pytest.raises(ValueError, match="positive sizes"):
        laney([1, 2], [10, 0])


# Proportions, scores, rates


@pytest.mark.parametrize("code", [code for code in VECTORS if code.startswith("K_wilson")])
def test_wilson_reproduces_the_worked_proportions(code):
    given_, expected = vector(code)

    assert wilson(given_["x"], given_["n"]) == close((expected["lo"], expected["hi"]), abs=1e-14)


def test_wilson_is_exactly_0_or_1_at_the_ends():
    assert wilson(0, 7).lo == 0
    assert wilson(7, 7).hi == 1


def test_ces_and_csat_are_proportions_of_the_upper_answers():
    scores, expected = vector("K_ces2")
    easy = sum(score >= 5 for score in scores["scores"])
    assert wilson(easy, 10) == close(tuple(expected["wilson"]), abs=1e-14)
    counts, expected = vector("K_csat_t2b")
    satisfied = counts["counts"]["4"] + counts["counts"]["5"]
    assert wilson(satisfied, 50) == close(tuple(expected["wilson"]), abs=1e-14)


@pytest.mark.parametrize("code", ["K_nps_60_25_15", "K_nps_3_0_0"])
def test_a_net_promoter_score_has_the_worked_adjusted_interval(code):
    answers, expected = vector(code)

    interval = adjusted_wald(answers["promoters"], answers["detractors"], expected["n"])
    assert interval == close(tuple(expected["adjusted_wald"]), abs=1e-11)


def test_rates_of_rare_events_have_the_worked_intervals():
    counts, expected = vector("K_complaints_0_800")

    assert garwood(counts["complaints"], counts["visits"]) == close(tuple(expected["exact95"]), abs=1e-12)
    assert byar(counts["complaints"], counts["visits"]) == close(tuple(expected["byar95"]), abs=1e-12)


@pytest.mark.parametrize(
    ("events", "lo", "hi"),
    # As tabulated after Garwood 1936, to four digits.
    [
        (1, 0.0253, 5.5716),
        (2, 0.2422, 7.2247),
        (5, 1.6235, 11.6683),
        (10, 4.7954, 18.3904),
        (30, 20.2409, 42.8269),
    ],
)
def test_exact_poisson_limits_are_the_published_ones(events, lo, hi):
    assert garwood(events, 1, per=1) == close((lo, hi), abs=1e-3)


@given(st.integers(1, 60))
def test_exact_poisson_limits_leave_a_fortieth_on_either_side(events):
    """By the sum of Poisson probabilities, which shares nothing with the incomplete gamma function."""
    lo, hi = garwood(events, 1, per=1)

    def at_most(count: int, mean: float) -> float:
        return sum(exp(-mean) * mean**k / factorial(k) for k in range(count + 1))

    assert 1 - at_most(events - 1, lo) == close(0.025, abs=1e-12)
    assert at_most(events, hi) == close(0.025, abs=1e-12)


@pytest.mark.parametrize("shape", [1e4, 1e6, 1e8])
def test_gamma_quantiles_of_many_events_follow_their_expansion(shape):
    """Cornish and Fisher to the term in 1/shape; what is left out is below 1e-9 here."""
    z = 1.959963984540054

    def expansion(z):
        root = shape**0.5
        return (
            shape + z * root + (z * z - 1) / 3 + (z**3 - 7 * z) / (36 * root)
            - (3 * z**4 + 7 * z * z - 16) / (810 * shape)
        )  # fmt: skip

    assert gamma_quantile(0.025, shape) == close(expansion(-z), rel=1e-9)
    assert gamma_upper_quantile(0.025, shape) == close(expansion(z), rel=1e-9)


# Means


@pytest.mark.parametrize(
    ("degrees", "t"),
    # Two-sided 95 % points; 1 and 2 in closed form, others from tables computed to 15 digits (R, qt).
    [
        (1, 12.706204736174694),
        (2, 4.302652729749462),
        (3, 3.182446305283709),
        (4, 2.776445105197793),
        (5, 2.570581835636314),
        (10, 2.228138851986274),
        (30, 2.042272456301238),
        (100, 1.983971518523552),
    ],
)
def test_student_quantiles_are_the_published_ones_to_1e_10(degrees, t):
    assert student_quantile(0.975, degrees) == close(t, abs=1e-10)


def test_student_quantiles_run_smoothly_into_their_expansion_and_the_normal():
    below, above = student_quantile(0.975, 999.9999999), student_quantile(0.975, 1000)
    assert below == close(above, abs=1e-10)
    assert student_quantile(0.975, 1e12) == close(1.959963984540054, abs=1e-11)


@given(st.floats(3, 900))
def test_student_quantiles_leave_a_fortieth_above_them(degrees):
    """By Simpson's rule over the angle atan(t / sqrt(degrees)), whose density is a power of the cosine."""
    t = student_quantile(0.975, degrees)
    steps = 4000

    def integral(lo, hi):
        width = (hi - lo) / steps
        weights = [1, *([4, 2] * (steps // 2 - 1)), 4, 1]
        return width / 3 * sum(w * cos(lo + i * width) ** (degrees - 1) for i, w in enumerate(weights))

    angle = atan(t / sqrt(degrees))
    half = integral(0, angle) + integral(angle, pi / 2)
    assert integral(angle, pi / 2) / (2 * half) == close(0.025, abs=1e-9)


def test_a_mean_has_students_interval():
    """Student's own sleep data: mean 0.75, sd 1.789010, n 10 → (-0.5297804, 2.0297804)."""
    hours = ["0.7", "-1.6", "-0.2", "-1.2", "-0.1", "3.4", "3.7", "0.8", "0.0", "2.0"]
    values = [Fraction(text) for text in hours]

    interval = student(10, sum(values), sum(value * value for value in values))
    assert interval == close((-0.5297804, 2.0297804), abs=1e-7)


def test_the_spread_of_a_mean_is_not_lost_to_cancellation():
    values = [10**9 + 1, 10**9 + 2, 10**9 + 3]

    interval = student(3, sum(values), sum(value * value for value in values))
    assert interval.hi - interval.lo == close(2 * 4.302652729749462 / 3**0.5, rel=1e-6)


def test_equal_values_have_an_interval_without_width():
    assert student(3, 225, 3 * 75 * 75) == (75, 75)


def test_welch_compares_two_means():
    """Student's sleep data, both drugs: t = -1.8608, df = 17.776, interval (-3.3654832, 0.2054832)."""
    first = [Fraction(t) for t in ("0.7", "-1.6", "-0.2", "-1.2", "-0.1", "3.4", "3.7", "0.8", "0", "2")]
    second = [Fraction(t) for t in ("1.9", "0.8", "1.1", "0.1", "-0.1", "4.4", "5.5", "1.6", "4.6", "3.4")]

    def sums(values):
        return len(values), sum(values), sum(value * value for value in values)

    difference = welch(sums(first), sums(second))
    assert difference.value == close(-1.58)
    assert difference.degrees == close(17.77647, abs=1e-5)
    assert difference.interval == close((-3.3654832, 0.2054832), abs=1e-7)


# Change


def test_a_change_splits_into_mix_and_rate_as_worked():
    cells, expected = vector("K_mix_rate")
    before = {cell: (cells["w0"][cell], cells["p0"][cell]) for cell in cells["w0"]}
    after = {cell: (cells["w1"][cell], cells["p1"][cell]) for cell in cells["w1"]}

    change = decompose(before, after)
    assert float(change.mix) == close(expected["mix"], abs=1e-15)
    assert float(change.rate) == close(expected["rate"], abs=1e-15)
    assert float(change.total) == close(expected["total"], abs=1e-15)


def test_a_cell_that_came_or_went_is_mix():
    half = Fraction(1, 2)
    change = decompose({"a": (1, half)}, {"a": (half, half), "b": (half, 1)})

    assert (change.mix, change.rate) == (Fraction(1, 4), 0)


WEIGHTED = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.fractions(0, 1), st.fractions(0, 1)), max_size=4
)


@given(WEIGHTED, WEIGHTED)
def test_mix_and_rate_are_the_whole_change_exactly(before, after):
    def mean(cells):
        return sum(weight * value for weight, value in cells.values())

    assert decompose(before, after).total == mean(after) - mean(before)


# Charts


def test_a_behaviour_chart_has_the_worked_limits_and_signals():
    values, expected = vector("K_xmr")
    chart = xmr(values)

    assert chart.limits.centre == close(expected["mean"])
    assert chart.limits.mean_range == close(expected["mr_bar"])
    assert (chart.limits.lower, chart.limits.upper) == close((expected["lnpl"], expected["unpl"]))
    assert chart.limits.upper_range == close(expected["url"])
    assert [signal.index for signal in chart.signals] == expected["signals"]
    assert chart.signals[0].rule == "outside"
    assert list(chart.range_signals) == expected["mr_signals"]


def test_eight_points_on_one_side_are_a_signal_at_the_eighth():
    steady = [12, 10] * 10
    chart = xmr([*steady, *[11.2] * 9], baseline=20)

    assert [(signal.index, signal.rule) for signal in chart.signals] == [(27, "run_of_8"), (28, "run_of_8")]


def test_a_point_on_the_centre_ends_a_run():
    steady = [12, 10] * 10
    chart = xmr([*steady, *[11.2] * 7, 11, 11.2], baseline=20)

    assert chart.signals == ()


def test_three_of_four_points_nearer_a_limit_than_the_centre_are_a_signal():
    steady = [10, 12] * 10  # centre 11, limits 11 ± 5.32: nearer a limit from 13.66 on
    chart = xmr([*steady, 14, 14, 11, 14, 11, 14], baseline=20)

    assert [(signal.index, signal.rule) for signal in chart.signals] == [(23, "3_of_4")]


def test_points_near_opposite_limits_are_no_signal():
    chart = xmr([*[10, 12] * 10, 14, 8, 14, 8], baseline=20)

    assert chart.signals == ()


def test_limits_are_frozen_by_their_baseline():
    values = [10, 12] * 10

    assert xmr([*values, 100, 200], baseline=20).limits == xmr(values).limits


def test_laneys_chart_has_the_worked_limits():
    periods, expected = vector("K_p_laney")
    unfloored = laney(periods["defects"], periods["n"], floor=False)
    chart = laney(periods["defects"], periods["n"])

    assert chart.centre == close(expected["p_bar"])
    assert chart.sigma_z == close(expected["sigma_z"])
    for got, limits in zip(unfloored.limits, expected["laney_limits_unfloored"], strict=True):
        assert got == close(tuple(limits))
    for got, limits in zip(chart.limits, expected["p_limits"], strict=True):
        assert got == close(tuple(limits), abs=1e-15)


def test_periods_that_are_all_or_nothing_have_their_centre_as_limits():
    assert laney([0, 0], [10, 20]).limits == ((0, 0), (0, 0))


# Ranking


def test_without_evidence_that_sites_differ_nobody_is_ranked():
    counts, expected = vector("K_eb_no_difference")
    ranking = rank_fairly(SiteCount(site, *count) for site, count in counts.items())

    assert not ranking.ranked
    assert (ranking.mean, ranking.tau_squared, ranking.kappa) == (expected["p_bar"], 0, None)
    assert [site.shrunk for site in ranking.sites] == expected["shrunk"]
    assert [site.rank for site in ranking.sites] == [None] * 3


def test_sites_that_differ_are_shrunk_and_ranked_from_the_best():
    """By hand: p̄ = 1/2, Q = 8, N - Σn²/N - 2 = 198, τ² = (8 - 2/4)/198, κ = 1/(4τ²) - 1."""
    ranking = rank_fairly([SiteCount("a", 30, 100), SiteCount("b", 50, 100), SiteCount("c", 70, 100)])

    tau_squared = Fraction(8 - Fraction(1, 2), 198)
    kappa = Fraction(1, 4) / tau_squared - 1
    assert ranking.tau_squared == close(float(tau_squared))
    assert ranking.kappa == close(float(kappa))
    assert [site.rank for site in ranking.sites] == [3, 2, 1]
    assert [site.band for site in ranking.sites] == ["below", "middle", "above"]
    assert ranking.sites[0].shrunk == close(float((30 + kappa / 2) / (100 + kappa)))


def test_r26_small_sites_are_shown_but_not_ranked_and_ties_go_by_size_then_code():
    counts = [
        SiteCount("small", 29, 29),
        SiteCount("d", 90, 100),
        SiteCount("c", 90, 100),
        SiteCount("a", 10, 100),
        SiteCount("big", 500, 1000),
    ]
    ranks = {site.site: site.rank for site in rank_fairly(counts).sites}

    assert ranks == {"small": None, "c": 1, "d": 2, "big": 3, "a": 4}


def test_one_site_alone_proves_no_difference():
    assert not rank_fairly([SiteCount("a", 5, 100)]).ranked


def test_equal_observations_have_no_spread_though_their_float_sums_are_noisy() -> None:
    for score in (800 / 13, 200 / 3, 0.1, 99.99999999999999):
        for n in (2, 3, 11, 1000):
            total = squares = 0.0
            for _ in range(n):
                total, squares = total + score, squares + score * score
            ends = student(n, total, squares)
            assert ends is not None
            assert ends.hi - ends.lo < 1e-9 * score


def test_a_small_spread_of_floats_is_still_one() -> None:
    values = [75.0, 75.001] * 50
    ends = student(100, sum(values), sum(value * value for value in values))
    exact = [Fraction(value) for value in values]
    assert ends == pytest.approx(student(100, sum(exact), sum(value * value for value in exact)), rel=1e-9)
