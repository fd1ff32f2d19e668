"""Intervals in SQL against the domain's own, over the whole range of sizes that occur."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import statistics
from domain.statistics import student_quantile
from grafana.intervals import adjusted_wald, byar, student, student_t, wilson
from projections.store import Store

SIZES = [0, 1, 2, 3, 5, 8, 29, 30, 31, 40, 41, 42, 60, 100, 999, 1000, 1001, 250_000]


@pytest.fixture(scope="module")
def store(boards: Any) -> Store:
    return boards.store


def ask(store: Store, ends: tuple[str, str], **values: float) -> tuple[Any, Any]:
    inner = ", ".join(f"toFloat64({value!r}) AS {name}" for name, value in values.items())
    return store.rows(f"SELECT {ends[0]}, {ends[1]} FROM (SELECT {inner})")[0]  # type: ignore[return-value]


def same(found: tuple[Any, Any], exact: statistics.Interval | None) -> bool:
    if exact is None:
        return found == (None, None)
    return found == pytest.approx(tuple(exact), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("n", SIZES)
def test_wilson(store: Store, n: int) -> None:
    for x in {0, n // 3, n // 2, max(n - 1, 0), n}:
        assert same(ask(store, wilson("x", "n"), x=x, n=n), statistics.wilson(x, n))


@pytest.mark.parametrize("n", SIZES)
def test_student(store: Store, n: int) -> None:
    total, squares = 73.25 * n, (73.25**2 + 31.5) * n

    assert same(
        ask(store, student("x", "n", "q"), x=total, n=n, q=squares), statistics.student(n, total, squares)
    )


def test_the_approximation_of_student_s_t_is_good_to_1e_9(store: Store) -> None:
    degrees = [*range(1, 300), 1000, 10_000, 1_000_000]
    rows = store.rows(f"SELECT d, {student_t('d')} FROM (SELECT arrayJoin({degrees}) AS d)")

    assert max(abs(t / student_quantile(0.975, d) - 1) for d, t in rows) < 1e-9


@pytest.mark.parametrize("n", SIZES)
def test_adjusted_wald(store: Store, n: int) -> None:
    for up, down in {(0, 0), (n, 0), (0, n), (n // 2, n // 3)}:
        found = ask(store, adjusted_wald("p", "m", "n"), p=up, m=down, n=n)
        assert same(found, statistics.adjusted_wald(up, down, n))


@pytest.mark.parametrize("events", [0, 1, 2, 5, 17, 400])
def test_byar(store: Store, events: int) -> None:
    for exposure in (0, 1, 1234):
        found = ask(store, byar("x", "d", 1000.0), x=events, d=exposure)
        assert same(found, statistics.byar(events, exposure))


def test_byar_stays_near_the_exact_interval_of_the_api() -> None:
    close_enough: Callable[[float, float], bool] = lambda a, b: abs(a / b - 1) < 0.01  # noqa: E731
    for events in (5, 10, 100):
        exact, simple = statistics.garwood(events, 1000), statistics.byar(events, 1000)
        assert exact is not None
        assert simple is not None
        assert close_enough(simple.lo, exact.lo)
        assert close_enough(simple.hi, exact.hi)
