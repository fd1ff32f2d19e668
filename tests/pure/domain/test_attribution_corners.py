"""The corner cases of docs/domain.md, section 7, that one fulfilled promise can have: R2, R3, R5, R8-R13."""

from fractions import Fraction

from domain.attribution import (
    BlockedInterval,
    PlannedStage,
    PromiseInput,
    PromiseLedger,
    StageCompletion,
    StageReport,
    StageStart,
    airport,
    attribute,
    stage_reports,
)


def promise(window_s, fulfilled_s, planned=(), reports=(), blocked=(), made_by="contact_l1", made_s=0):
    """Reports are (stage, department, actual_s, completed_s[, group]), all in seconds after 1970."""
    return PromiseInput(
        made_ms=made_s * 1000,
        fulfilled_ms=fulfilled_s * 1000,
        window_s=window_s,
        made_by=made_by,
        planned=tuple(PlannedStage(*stage) for stage in planned),
        reports=tuple(
            StageReport(name, department, actual, completed * 1000, *group)
            for name, department, actual, completed, *group in reports
        ),
        blocked=tuple(
            BlockedInterval(cause, begin * 1000, end * 1000, *stage) for cause, begin, end, *stage in blocked
        ),
    )


def overruns(ledger: PromiseLedger) -> dict[tuple[str, str], Fraction]:
    return {(line.stage, line.department): line.overrun_s for line in ledger.lines if line.overrun_s}


def credits_(ledger: PromiseLedger) -> dict[str, Fraction]:
    return {line.stage: line.credit_s for line in ledger.lines if line.credit_s}


# A promise as a whole


def test_r2_durations_are_differences_of_whole_seconds_so_contiguous_stages_add_up():
    """Made at .900 and fulfilled at .100 of the hundredth second after: 100 s, not 99.2."""
    told = PromiseInput(made_ms=900, fulfilled_ms=100_100, window_s=100, made_by="it")

    assert attribute(told).elapsed_s == 100
    assert not attribute(told).late


def test_r5_a_promise_fulfilled_before_it_was_made_took_no_time():
    ledger = attribute(promise(60, 10, made_s=50, planned=[("cook", "kitchen", 40)]))

    assert ledger.elapsed_s == 0
    assert ledger.late_s == 0
    assert credits_(ledger) == {"unmeasured": 40}


def test_a_promise_without_stages_is_all_unmeasured():
    ledger = attribute(promise(60, 100))

    assert ledger.shares == {"unmeasured": 1}
    assert ledger.overrun_s == 100
    assert ledger.absorbed_s == ledger.slack_s == 60


def test_stages_that_overlap_lend_their_overlap_to_slack():
    ledger = attribute(
        promise(
            100,
            110,
            [("a", "kitchen", 50), ("b", "bar", 50)],
            [("a", "kitchen", 80, 80), ("b", "bar", 60, 110)],
        )
    )

    assert ledger.overlap_s == 30
    assert ledger.slack_s == 30
    assert ledger.late_s == 10
    assert ledger.shares == {"kitchen": Fraction(3, 4), "bar": Fraction(1, 4)}
    assert ledger.slack_rescue_s == 30


def test_an_over_promise_belongs_to_whoever_promised_and_joins_its_own_stages():
    ledger = attribute(
        promise(30, 50, [("cook", "kitchen", 40)], [("cook", "kitchen", 50, 50)], made_by="kitchen")
    )

    assert overruns(ledger) == {("cook", "kitchen"): 10, ("over_promise", "kitchen"): 10}
    assert ledger.shares == {"kitchen": 1}
    assert ledger.departments[0].but_for


# What was never reported, by R8, R9


def test_r8_a_declared_stage_that_never_reported_lends_its_budget_to_unmeasured():
    ledger = attribute(
        promise(
            100, 130, [("cook", "kitchen", 60), ("drive", "logistics", 40)], [("cook", "kitchen", 70, 70)]
        )
    )

    assert ledger.budget_s == 100
    unmeasured = next(line for line in ledger.lines if line.stage == "unmeasured")
    assert (unmeasured.budget_s, unmeasured.actual_s, unmeasured.overrun_s) == (40, 60, 20)
    assert [stage.stage for stage in ledger.unreported] == ["drive"]


def test_r8_unmeasured_exists_without_a_gap_and_then_earns_credit():
    ledger = attribute(
        promise(60, 70, [("cook", "kitchen", 60), ("drive", "logistics", 5)], [("cook", "kitchen", 70, 70)])
    )

    assert ledger.over_promise_s == 5
    assert credits_(ledger) == {"unmeasured": 5}


def test_unmeasured_does_not_exist_where_all_time_is_accounted_for():
    ledger = attribute(promise(60, 70, [("cook", "kitchen", 60)], [("cook", "kitchen", 70, 70)]))

    assert [line.stage for line in ledger.lines] == ["cook"]


def test_r9_a_join_none_of_whose_branches_reported_lends_its_largest_budget_once():
    ledger = attribute(
        promise(100, 120, [("grill", "kitchen", 60, "g"), ("pour", "bar", 30, "g"), ("serve", "bar", 20)])
    )

    assert ledger.budget_s == 80
    assert ledger.lines[0].budget_s == 80


def test_r9_a_join_with_a_report_keeps_its_largest_declared_budget_and_lends_nothing():
    ledger = attribute(
        promise(
            60,
            50,
            [("grill", "kitchen", 60, "g"), ("pour", "bar", 30, "g")],
            [("pour", "bar", 50, 50)],
        )
    )

    assert ledger.budget_s == 60
    assert overruns(ledger) == {}
    assert credits_(ledger) == {"pour": 10}
    assert [(line.stage, line.budget_s) for line in ledger.lines] == [("pour", 30)]


def test_an_undeclared_stage_has_no_budget_and_may_join_a_declared_group():
    ledger = attribute(
        promise(
            30,
            50,
            [("grill", "kitchen", 30, "g")],
            [("grill", "kitchen", 40, 40), ("sauce", "bar", 50, 50, "g"), ("extra", "hr", 0, 50)],
        )
    )

    assert ledger.budget_s == 30
    assert overruns(ledger) == {("grill", "kitchen"): 5, ("sauce", "bar"): 15}


# Joins, R12


def test_a_join_shares_its_overrun_by_the_airport_rule():
    assert airport([10, 4, 4, 0]) == [Fraction(22, 3), Fraction(4, 3), Fraction(4, 3), 0]
    assert airport([7]) == [7]
    assert airport([5, 5]) == [Fraction(5, 2), Fraction(5, 2)]


def test_r12_credit_of_a_join_goes_equally_to_the_branches_with_the_largest_own_actual():
    """Own actual, not the clock: the branch that ended last on the clock took less time itself."""
    ledger = attribute(
        promise(
            100,
            100,
            [("a", "kitchen", 60, "g"), ("b", "bar", 60, "g"), ("c", "it", 60, "g")],
            [("a", "kitchen", 40, 40), ("b", "bar", 40, 60), ("c", "it", 10, 100)],
        )
    )

    assert credits_(ledger) == {"a": 10, "b": 10}


# Blocked time, by R10, R11


def test_r10_blocked_time_in_a_join_counts_only_as_far_as_it_held_the_join_up():
    ledger = attribute(
        promise(
            50,
            100,
            [("a", "kitchen", 50, "g"), ("b", "bar", 50, "g")],
            [("a", "kitchen", 100, 100), ("b", "bar", 70, 70)],
            [("it", 10, 40, "a"), ("facilities", 50, 70, "a")],
        )
    )

    # Own times 50 and 70: the join's own actual is 70, and 30 of the 100 come from the blocks, 30:20.
    assert overruns(ledger) == {
        ("b", "bar"): 20,
        ("blocked:a", "it"): 18,
        ("blocked:a", "facilities"): 12,
    }
    assert ledger.late_s == 50
    assert ledger.overrun_s == 50


def test_r10_branches_blocked_together_share_what_they_held_up_by_the_airport_rule():
    ledger = attribute(
        promise(
            50,
            100,
            [("a", "kitchen", 50, "g"), ("b", "bar", 50, "g")],
            [("a", "kitchen", 100, 100), ("b", "bar", 80, 80)],
            [("it", 0, 50, "a"), ("facilities", 0, 40, "b")],
        )
    )

    # Own 50 and 40. Held up: a by 50, b by 30, of which 30 are shared: 15 + 20 and 15.
    assert overruns(ledger) == {("blocked:a", "it"): 35, ("blocked:b", "facilities"): 15}


def test_r11_blocked_time_is_cut_to_the_interval_of_its_stage():
    ledger = attribute(
        promise(50, 100, [("a", "kitchen", 50)], [("a", "kitchen", 60, 100)], [("it", 0, 45, "a")])
    )

    assert overruns(ledger)["blocked:a", "it"] == 5
    assert next(line for line in ledger.lines if line.stage == "a").actual_s == 55


def test_r11_a_second_covered_twice_belongs_to_the_interval_that_began_first():
    """To the millisecond, also where it began before the stage; ties by time, id and source."""
    told = promise(0, 100, [("a", "kitchen", 0)], [("a", "kitchen", 60, 100)])
    blocked = (
        BlockedInterval("hr", 30_000, 60_000, "a", (2, "y", "s")),
        BlockedInterval("it", 30_000, 50_000, "a", (2, "x", "s")),
        BlockedInterval("bar", 70_600, 80_000, "a"),
        BlockedInterval("marketing", 70_500, 75_000, "a", (9, "z", "s")),
    )
    ledger = attribute(
        PromiseInput(told.made_ms, told.fulfilled_ms, 0, "it", told.planned, told.reports, blocked)
    )

    assert {line.department: line.actual_s for line in ledger.lines if line.stage == "blocked:a"} == {
        "it": 10,
        "hr": 10,
        "marketing": 5,
        "bar": 5,
    }


def test_r11_blocked_time_without_a_reported_stage_is_taken_out_of_the_gap_first_beginning_first():
    ledger = attribute(
        promise(
            50,
            100,
            [("a", "kitchen", 50), ("ghost", "logistics", 0)],
            [("a", "kitchen", 60, 60)],
            [("hr", 40, 80), ("it", 20, 50, "ghost"), ("external", 90, 200)],
            made_s=0,
        )
    )

    # The gap is 40: the block that began first has 30 of it, the second the 10 left (of its own 30).
    assert overruns(ledger) == {
        ("a", "kitchen"): 10,
        ("blocked:ghost", "it"): 30,
        ("blocked:unmeasured", "hr"): 10,
    }


def test_r11_blocked_time_without_a_stage_is_cut_to_the_life_of_the_promise():
    ledger = attribute(promise(10, 100, made_s=50, blocked=[("it", 0, 60), ("hr", 90, 400)]))

    assert overruns(ledger) == {
        ("unmeasured", "unmeasured"): 30,
        ("blocked:unmeasured", "it"): 10,
        ("blocked:unmeasured", "hr"): 10,
    }


# Which report of a stage counts, by R13


def test_r13_declared_department_group_and_budget_win_over_those_of_reports():
    ledger = attribute(
        promise(
            10,
            30,
            [("a", "kitchen", 10), ("b", "bar", 10, "g")],
            [("a", "hr", 10, 10, "g"), ("b", "it", 20, 30, "other")],
        )
    )

    assert [(line.stage, line.department, line.group) for line in ledger.lines[:2]] == [
        ("a", "kitchen", None),
        ("b", "bar", "g"),
    ]
    assert ledger.elapsed_s == 30
    assert ledger.overlap_s == 0


def test_r13_the_latest_completion_counts_with_its_own_seconds():
    reports = stage_reports(
        [StageStart("a", (1_000, "s", "till"))],
        [
            StageCompletion("a", "kitchen", (9_000, "1", "till"), actual_s=5),
            StageCompletion("a", "bar", (9_000, "2", "till"), actual_s=7),
            StageCompletion("a", "hr", (8_000, "9", "till"), actual_s=9),
        ],
    )

    assert reports == (StageReport("a", "bar", 7, 9_000),)


def test_r13_without_seconds_it_counts_from_the_earliest_start_and_never_below_zero():
    starts = [
        StageStart("a", (5_000, "2", "till")),
        StageStart("a", (1_900, "1", "till"), "g"),
        StageStart("b", (99_000, "3", "till")),
    ]
    completions = [
        StageCompletion("a", "kitchen", (9_100, "4", "till")),
        StageCompletion("b", "bar", (9_000, "5", "till")),
    ]

    assert stage_reports(starts, completions) == (
        StageReport("a", "kitchen", 8, 9_100, "g"),
        StageReport("b", "bar", 0, 9_000),
    )


def test_r13_a_completion_with_neither_and_a_start_alone_are_no_reports():
    assert stage_reports([StageStart("a", (1, "1", "s"))], [StageCompletion("b", "bar", (2, "2", "s"))]) == ()


def test_r13_a_latest_completion_that_is_no_report_leaves_the_stage_unreported():
    completions = [
        StageCompletion("a", "bar", (1, "1", "s"), actual_s=3),
        StageCompletion("a", "bar", (2, "2", "s")),
    ]

    assert stage_reports([], completions) == ()
