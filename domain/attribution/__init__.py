"""Who owns the lateness of a timed promise: exact shares in proportion to each stage's overrun of its budget.

The Aumann-Shapley share of lateness from plan to fact; joins of parallel stages share by the airport rule
(Littlechild and Owen, 1973). Quantities are seconds, exact (`fractions.Fraction`); docs/domain.md, section 4,
states the formulas, section 7 (R5-R13, R18) the corner cases. Pure: no clock, no input or output.
"""

from domain.attribution.chain import airport
from domain.attribution.inputs import BlockedInterval, PlannedStage, PromiseInput, StageReport, planned_budget
from domain.attribution.ledger import DepartmentLine, LedgerLine, PromiseLedger, attribute
from domain.attribution.reports import StageCompletion, StageStart, stage_reports

__all__ = [
    "BlockedInterval",
    "DepartmentLine",
    "LedgerLine",
    "PlannedStage",
    "PromiseInput",
    "PromiseLedger",
    "StageCompletion",
    "StageReport",
    "StageStart",
    "airport",
    "attribute",
    "planned_budget",
    "stage_reports",
]
