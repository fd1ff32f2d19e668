"""Completeness of a source is a function of what came, not of the order in which it came."""

from hypothesis import given
from hypothesis import strategies as st

from projections.completeness import SourceState, complete_until

heard = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10_000)), min_size=1, max_size=40)


def state_of(events: list[tuple[int, int]]) -> SourceState:
    state = SourceState()
    for sequence, ms in events:
        state.hear("s", ms, str(sequence))
    return state


@given(heard, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same(events: list[tuple[int, int]], random: object) -> None:
    again = events + events[: len(events) // 2]
    random.shuffle(again)  # type: ignore[attr-defined]
    one, other = state_of(events), state_of(again)
    assert (one.intervals, one.last_ms) == (other.intervals, other.last_ms)
    assert one.complete_until == other.complete_until


@given(heard)
def test_intervals_hold_exactly_the_numbers_that_came(events: list[tuple[int, int]]) -> None:
    numbers = {number for lo, hi, _ in state_of(events).intervals for number in range(lo, hi + 1)}
    assert numbers == {sequence for sequence, _ in events}


def test_a_source_is_complete_until_the_event_before_its_first_gap() -> None:
    state = state_of([(1, 100), (2, 200), (4, 400), (5, 500)])
    assert state.complete_until == 200
    state.hear("s", 300, "3")
    assert state.complete_until == 500


def test_a_sequence_that_is_no_decimal_integer_makes_no_gap() -> None:
    state = SourceState()
    for sequence in ("a", "", None, "1.5", "-3", "٣"):
        state.hear("s", 100, sequence)
    assert (state.intervals, state.complete_until) == ([], 100)


def test_a_site_is_as_complete_as_the_least_of_its_sources_that_still_speak() -> None:
    week = 7 * 86_400_000
    sources = {
        "till": SourceState({"s": week + 50}),
        "kds": SourceState({"s": week + 20}),
        "old": SourceState({"s": 10}),
    }
    assert complete_until(sources.items(), "s", week + 50) == (week + 20, ["old"])
    assert complete_until(sources.items(), "elsewhere", week + 50) == (None, [])
