"""Adding a measure to the catalogue is all there is to do: it appears on its boards and gets its alert."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import measures
from domain.measures import CATALOGUE, Thresholds
from grafana import alerts, rules
from grafana.boards import BOARDS
from grafana.dashboard import dashboard
from grafana.texts import Texts

FAR = replace(
    CATALOGUE["csat"],
    code="praise_rate",
    area="loyalty",  # an area that no board knows
    unit="hugs",  # a unit that no text knows
    title={"en": "Praise", "uk": "Похвала", "ru": "Похвала"},
    owner_tier="management",
    thresholds=Thresholds(warning=0.5, critical=0.2),
)


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_a_new_measure_appears_on_the_board_of_its_owner(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(measures.CATALOGUE, FAR.code, FAR)
    texts = Texts(language)

    model = dashboard(BOARDS["management"](texts), texts)

    assert any("moments.kpi_praise_rate " in panel["targets"][0]["rawSql"] for panel in rules.asking(model))
    assert rules.faults_of(model) == []


def test_a_new_measure_with_thresholds_gets_its_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(measures.CATALOGUE, FAR.code, FAR)

    (rule,) = [rule for rule in alerts.rules() if rule.uid == "moments-standard-praise-rate"]

    assert (rule.evaluator, rule.threshold) == ("lt", 0.2)


def test_boards_stay_readable_however_many_measures_and_units_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty more measures in ten units of their own: no board breaks a rule, the number of panels
    included."""
    for number in range(40):
        tier = ("provider", "support", "management")[number % 3]
        new = replace(FAR, code=f"new_{number}", unit=f"unit_{number % 10}", owner_tier=tier, area="promises")
        monkeypatch.setitem(measures.CATALOGUE, new.code, new)
    texts = Texts("en")

    for slug, board in BOARDS.items():
        assert rules.faults_of(dashboard(board(texts), texts)) == [], slug
    asked = [
        panel["targets"][0]["rawSql"] for panel in rules.asking(dashboard(BOARDS["support"](texts), texts))
    ]
    assert any("moments.kpi_new_37 " in text for text in asked)
