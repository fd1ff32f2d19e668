"""The ledger of one fulfilled promise: overrun against credit and slack, and what is left as lateness.

With P the window, T the time it took, B the whole declared plan:

    U = over-promise + overruns   C = credits   s = max(0, P-B) + overlap   L = max(0, T-P)   M = min(U, C+s)

and always U - M = L. A late second belongs to the overruns in proportion, an absorbed one is hidden, and who
absorbed it is credited with the rescue.
"""

from dataclasses import dataclass
from fractions import Fraction

from domain.attribution.chain import ZERO, Row, chain
from domain.attribution.inputs import PlannedStage, PromiseInput
from domain.times import duration_s

OVER_PROMISE = "over_promise"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What one stage, or one of the rows `unmeasured`, `over_promise`, `blocked:<stage>`, took and owns.

    `actual_s` is a stage's own time, without what blocked it. `overrun_s` of a branch of a join is its
    airport share.
    """

    stage: str
    department: str
    group: str | None
    budget_s: int
    actual_s: int
    overrun_s: Fraction
    credit_s: Fraction
    share: Fraction
    late_s: Fraction
    hidden_s: Fraction
    rescue_s: Fraction


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A department is the sum of its stages. `but_for`: without its overruns the promise would have been
    kept.
    """

    department: str
    overrun_s: Fraction
    credit_s: Fraction
    share: Fraction
    late_s: Fraction
    hidden_s: Fraction
    rescue_s: Fraction
    but_for: bool


@dataclass(frozen=True, slots=True)
class PromiseLedger:
    """All quantities in seconds. `slack_s` includes `overlap_s`; `unreported` are the declared stages without
    a report.
    """

    window_s: int
    elapsed_s: int
    budget_s: int
    overlap_s: int
    slack_s: int
    over_promise_s: int
    overrun_s: Fraction
    credit_s: Fraction
    absorbed_s: Fraction
    late_s: int
    slack_rescue_s: Fraction
    lines: tuple[LedgerLine, ...]
    departments: tuple[DepartmentLine, ...]
    unreported: tuple[PlannedStage, ...]

    @property
    def late(self) -> bool:
        """Exactly at the promised second is kept."""
        return self.late_s > 0

    @property
    def shares(self) -> dict[str, Fraction]:
        """Share of the lateness by department, owners of nothing left out; empty for a kept promise."""
        return {line.department: line.share for line in self.departments if line.share}


def attribute(promise: PromiseInput) -> PromiseLedger:
    """Share the lateness of a fulfilled promise exactly."""
    elapsed_s = max(0, duration_s(promise.made_ms, promise.fulfilled_ms))
    laid_out = chain(promise, elapsed_s)
    over_promise_s = max(0, laid_out.budget_s - promise.window_s)
    rows = list(laid_out.rows)
    if over_promise_s:
        rows.append(Row(OVER_PROMISE, promise.made_by, None, 0, 0, Fraction(over_promise_s)))
    slack_s = max(0, promise.window_s - laid_out.budget_s) + laid_out.overlap_s
    overrun_s = sum((row.overrun_s for row in rows), ZERO)
    credit_s = sum((row.credit_s for row in rows), ZERO)
    absorbed_s = min(overrun_s, credit_s + slack_s)
    late_s = max(0, elapsed_s - promise.window_s)
    rescued = absorbed_s / (credit_s + slack_s) if absorbed_s else ZERO
    lines = tuple(_line(row, overrun_s, late_s, rescued) for row in rows)
    return PromiseLedger(
        window_s=promise.window_s,
        elapsed_s=elapsed_s,
        budget_s=laid_out.budget_s,
        overlap_s=laid_out.overlap_s,
        slack_s=slack_s,
        over_promise_s=over_promise_s,
        overrun_s=overrun_s,
        credit_s=credit_s,
        absorbed_s=absorbed_s,
        late_s=late_s,
        slack_rescue_s=rescued * slack_s,
        lines=lines,
        departments=_departments(lines, late_s),
        unreported=laid_out.unreported,
    )


def _line(row: Row, overrun_s: Fraction, late_s: int, rescued: Fraction) -> LedgerLine:
    share = row.overrun_s / overrun_s if late_s else ZERO
    return LedgerLine(
        row.stage,
        row.department,
        row.group,
        row.budget_s,
        row.actual_s,
        row.overrun_s,
        row.credit_s,
        share,
        late_s * share,
        row.overrun_s - late_s * share,
        rescued * row.credit_s,
    )


def _departments(lines: tuple[LedgerLine, ...], late_s: int) -> tuple[DepartmentLine, ...]:
    owned: dict[str, list[LedgerLine]] = {}
    for line in lines:
        owned.setdefault(line.department, []).append(line)
    return tuple(
        DepartmentLine(
            department,
            overrun_s := sum((line.overrun_s for line in own), ZERO),
            sum((line.credit_s for line in own), ZERO),
            sum((line.share for line in own), ZERO),
            sum((line.late_s for line in own), ZERO),
            sum((line.hidden_s for line in own), ZERO),
            sum((line.rescue_s for line in own), ZERO),
            but_for=0 < late_s <= overrun_s,
        )
        for department, own in sorted(owned.items())
    )
