"""What must hold of every attribution (docs/domain.md, section 4), tried on promises nobody wrote by hand."""

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.attribution import (
    BlockedInterval,
    PlannedStage,
    PromiseInput,
    StageReport,
    airport,
    attribute,
)

DEPARTMENTS = st.sampled_from(["kitchen", "bar", "it", "logistics", "external", "unmeasured"])
SECONDS = st.integers(0, 200)
INSTANTS = st.integers(-100_000, 900_000)


@st.composite
def promises(draw, groups: tuple[str | None, ...] = (None, None, "g", "h"), blocked: int = 4) -> PromiseInput:
    names = draw(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=6))
    planned, reports = [], []
    for name in names:
        group = draw(st.sampled_from(groups))
        declared, reported = draw(st.sampled_from([(True, True), (True, True), (True, False), (False, True)]))
        if declared:
            planned.append(PlannedStage(name, draw(DEPARTMENTS), draw(SECONDS), group))
        if reported:
            reports.append(
                StageReport(name, draw(DEPARTMENTS), draw(SECONDS), draw(st.integers(0, 800_000)), group)
            )
    intervals = st.builds(
        BlockedInterval,
        DEPARTMENTS,
        INSTANTS,
        INSTANTS,
        st.sampled_from([None, *"abcdefg"]),
        st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.just("s")),
    )
    return PromiseInput(
        made_ms=draw(st.integers(0, 50_000)),
        fulfilled_ms=draw(st.integers(0, 800_000)),
        window_s=draw(st.integers(0, 500)),
        made_by=draw(DEPARTMENTS),
        planned=tuple(planned),
        reports=tuple(reports),
        blocked=tuple(draw(st.lists(intervals, max_size=blocked))),
    )


@given(promises())
def test_shares_of_a_late_promise_sum_to_one_and_a_kept_one_has_none(told):
    ledger = attribute(told)

    assert sum(line.share for line in ledger.lines) == (1 if ledger.late else 0)
    assert sum(ledger.shares.values()) == (1 if ledger.late else 0)
    assert sum(line.late_s for line in ledger.lines) == ledger.late_s


@given(promises())
def test_overrun_less_what_was_absorbed_is_the_lateness(told):
    ledger = attribute(told)

    assert ledger.overrun_s - ledger.absorbed_s == ledger.late_s
    assert ledger.absorbed_s == min(ledger.overrun_s, ledger.credit_s + ledger.slack_s)


@given(promises())
def test_what_is_hidden_is_what_was_absorbed_is_what_was_rescued(told):
    ledger = attribute(told)

    hidden = sum(line.hidden_s for line in ledger.lines)
    rescued = sum(line.rescue_s for line in ledger.lines)
    assert hidden == ledger.absorbed_s == rescued + ledger.slack_rescue_s


@given(promises())
def test_nobody_owns_more_than_their_own_overrun_and_on_budget_owns_nothing(told):
    ledger = attribute(told)

    for line in ledger.lines:
        assert 0 <= line.late_s <= line.overrun_s
        assert 0 <= line.rescue_s <= line.credit_s
        if line.stage not in {"over_promise", "unmeasured"} and not line.stage.startswith("blocked:"):
            assert line.overrun_s <= max(0, line.actual_s - line.budget_s)


@given(promises())
def test_the_budget_is_the_whole_declared_plan_whatever_was_reported(told):
    silent = replace(told, reports=(), blocked=())

    assert attribute(told).budget_s == attribute(silent).budget_s


@given(promises())
def test_time_adds_up_to_what_the_customer_waited_plus_overlap(told):
    """Serial stages: what rows say they took is the elapsed time, the overlap counted twice."""
    serial = replace(
        told,
        planned=tuple(replace(stage, group=None) for stage in told.planned),
        reports=tuple(replace(report, group=None) for report in told.reports),
    )
    ledger = attribute(serial)

    assert sum(line.actual_s for line in ledger.lines) == ledger.elapsed_s + ledger.overlap_s


@given(promises(), st.randoms(use_true_random=False))
def test_the_order_in_which_reports_and_blocks_come_is_irrelevant(told, random):
    # Two blocks that nothing tells apart cannot be ordered; events always have their identity.
    distinct = {block.beginning: block for block in told.blocked}
    told = replace(told, blocked=tuple(distinct.values()))
    reports, blocked = list(told.reports), list(told.blocked)
    random.shuffle(reports)
    random.shuffle(blocked)
    other = attribute(replace(told, reports=tuple(reports), blocked=tuple(blocked)))

    def rows(ledger):
        return Counter(ledger.lines)

    assert rows(attribute(told)) == rows(other)


@st.composite
def split_serial_stages(draw):
    """A promise, and the same one with a serial stage split in two that overrun or save together."""
    told = draw(promises(blocked=0).filter(lambda told: told.reports))
    budget, over = draw(SECONDS), draw(st.integers(-100, 100))
    actual = max(0, budget + over)
    part = draw(st.fractions(0, 1))
    budgets = (int(budget * part), budget - int(budget * part))
    first = min(budgets[0] + int((actual - budget) * part), actual)
    if first < 0 or (actual - first - budgets[1]) * (first - budgets[0]) < 0:
        first = actual if not budgets[1] else min(actual, budgets[0])
    plan = [PlannedStage("z1", "hr", budgets[0]), PlannedStage("z2", "hr", budgets[1])]
    one = replace(
        told,
        planned=(*told.planned, PlannedStage("z", "hr", budget)),
        reports=(*told.reports, StageReport("z", "hr", actual, 0)),
    )
    two = replace(
        told,
        planned=(*told.planned, *plan),
        reports=(
            *told.reports,
            StageReport("z1", "hr", first, 0),
            StageReport("z2", "hr", actual - first, 0),
        ),
    )
    consistent = (first - budgets[0]) * (actual - first - budgets[1]) >= 0
    return one, two, consistent


@given(split_serial_stages())
def test_splitting_or_merging_a_serial_department_changes_nobody_elses_share(case):
    """Neither part hides the other's overrun, so the split is of the books only."""
    one, two, consistent = case
    assume(consistent)
    merged, split = attribute(one), attribute(two)

    assert merged.late_s == split.late_s
    assert merged.shares == split.shares
    assert {line.department: line.rescue_s for line in merged.departments} == {
        line.department: line.rescue_s for line in split.departments
    }


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_airport_parts_sum_to_the_largest_and_follow_the_order_of_need(overruns):
    parts = airport(overruns)

    assert sum(parts) == max(overruns)
    for overrun, part in zip(overruns, parts, strict=True):
        assert Fraction(overrun, len(overruns)) <= part <= overrun
    for (overrun, part), (other, its) in zip(
        zip(overruns, parts, strict=True), zip(overruns[1:], parts[1:], strict=True), strict=False
    ):
        assert (part <= its) if overrun <= other else (part > its)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5))
def test_airport_is_the_shapley_value_of_the_slowest_branch(overruns):
    """Averaged over all orders of coming, each pays what it adds to the largest so far."""
    paid: defaultdict[int, Fraction] = defaultdict(Fraction)
    orders = list(permutations(range(len(overruns))))
    for order in orders:
        largest = 0
        for branch in order:
            paid[branch] += Fraction(max(0, overruns[branch] - largest), len(orders))
            largest = max(largest, overruns[branch])
    assert airport(overruns) == [paid[branch] for branch in range(len(overruns))]


@given(promises())
def test_a_cause_never_owns_more_than_the_seconds_it_blocked(told):
    ledger = attribute(told)

    for line in ledger.lines:
        if line.stage.startswith("blocked:"):
            assert (line.budget_s, line.credit_s) == (0, 0)
            assert 0 <= line.overrun_s <= line.actual_s
    assert ledger.late_s == attribute(replace(told, blocked=())).late_s
