"""The worked promises of tests/vectors/attribution.json, number by number."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from domain.attribution import (
    BlockedInterval,
    PlannedStage,
    PromiseInput,
    PromiseLedger,
    StageReport,
    attribute,
)

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "attribution.json").read_text())["vectors"]
PROMISES = [vector for vector in VECTORS if vector["kind"] == "promise"]
MINUTE = 60


def contiguous(vector: dict) -> PromiseInput:
    """Stages one after the other, the promise fulfilled when the last one ends."""
    elapsed, reports = 0, []
    for stage in vector["stages"]:
        elapsed += stage["a"] * MINUTE
        reports.append(StageReport(stage["name"], stage["dept"], stage["a"] * MINUTE, elapsed * 1000))
    return PromiseInput(
        made_ms=0,
        fulfilled_ms=elapsed * 1000,
        window_s=vector["promise_minutes"] * MINUTE,
        made_by=vector["promised_by"],
        planned=tuple(
            PlannedStage(stage["name"], stage["dept"], stage["b"] * MINUTE) for stage in vector["stages"]
        ),
        reports=tuple(reports),
    )


def by_stage(ledger: PromiseLedger, quantity: str, unit: int) -> dict[str, Fraction]:
    named = {"over_promise": "__over_promise"}
    return {
        named.get(line.stage, line.stage): value / unit
        for line in ledger.lines
        if (value := getattr(line, quantity))
    }


def by_department(ledger: PromiseLedger, quantity: str) -> dict[str, Fraction]:
    return {
        line.department: value / MINUTE for line in ledger.departments if (value := getattr(line, quantity))
    }


def exact(expected: dict[str, str]) -> dict[str, Fraction]:
    return {owner: Fraction(quantity) for owner, quantity in expected.items()}


@pytest.mark.parametrize("vector", PROMISES, ids=[vector["id"] for vector in PROMISES])
def test_every_number_of_the_worked_promise_is_reproduced(vector):
    ledger = attribute(contiguous(vector["input"]))
    expected = vector["expected"]

    for quantity, name in (
        ("elapsed_s", "elapsed"),
        ("budget_s", "budget_total"),
        ("slack_s", "slack"),
        ("late_s", "lateness"),
        ("overrun_s", "overrun_total"),
        ("credit_s", "credit_total"),
        ("absorbed_s", "absorbed"),
        ("slack_rescue_s", "rescue_minutes_slack"),
    ):
        assert Fraction(getattr(ledger, quantity), MINUTE) == Fraction(expected[name]), quantity
    assert ledger.late is not expected["kept"]
    assert by_stage(ledger, "overrun_s", MINUTE) == exact(expected["overrun_by_stage"])
    assert by_stage(ledger, "share", 1) == exact(expected["share_by_stage"])
    assert ledger.shares == exact(expected["share_by_department"])
    assert by_department(ledger, "late_s") == exact(expected["late_minutes_by_department"])
    assert by_department(ledger, "hidden_s") == exact(expected["hidden_overrun_by_department"])
    assert by_department(ledger, "rescue_s") == exact(expected["rescue_minutes_by_department"])
    owing = {line.department: line.but_for for line in ledger.departments if line.share}
    assert owing == expected["but_for"]


def test_time_a_cause_blocked_is_cut_out_of_the_stage_as_in_the_worked_outage():
    """P13 tells the outage as a stage of its own; reported as blocked time it must come out the same."""
    vector = next(vector for vector in PROMISES if vector["id"].startswith("P13"))
    told = PromiseInput(
        made_ms=0,
        fulfilled_ms=21 * MINUTE * 1000,
        window_s=20 * MINUTE,
        made_by="front_of_house",
        planned=(
            PlannedStage("cook", "kitchen", 10 * MINUTE),
            PlannedStage("serve", "front_of_house", 5 * MINUTE),
        ),
        reports=(
            StageReport("cook", "kitchen", 17 * MINUTE, 17 * MINUTE * 1000),
            StageReport("serve", "front_of_house", 4 * MINUTE, 21 * MINUTE * 1000),
        ),
        blocked=(BlockedInterval("it", 3 * MINUTE * 1000, 8 * MINUTE * 1000, "cook"),),
    )

    ledger = attribute(told)

    assert ledger.shares == exact(vector["expected"]["share_by_department"])
    assert by_stage(ledger, "overrun_s", MINUTE) == {"cook": 2, "blocked:cook": 5}
