"""docs/operations.md says what every figure of the line means, and names none that does not exist."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

import ingest.metrics
import ingest.relay.metrics
import moments.heard
import projections.metrics

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
MODULES = (ingest.metrics, ingest.relay.metrics, projections.metrics, moments.heard)


def shown() -> set[str]:
    """The names as /metrics shows them."""
    names = set()
    for module in MODULES:
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                (family,) = metric.describe()
                names.add(family.name + ("_total" if family.type == "counter" else ""))
    return names


def test_every_figure_is_explained_and_every_explained_figure_exists() -> None:
    named = set(re.findall(r"`(moments_[a-z_]+)(?:\{[^`]*\})?`", PAGE))
    columns = {"moments_log", "moments_row", "moments_source"}  # headers on the topic
    users = {"moments_admin", "moments_writer", "moments_reader", "moments_grafana"}
    assert shown() == named - columns - users


def test_each_stage_of_the_line_has_its_figures() -> None:
    stages = ["door_accepted", "door_rejected", "log_append", "relay_lag", "project_lag", "project_last"]
    for stage in stages:
        assert any(name.startswith(f"moments_{stage}") for name in shown()), stage
    assert "moments_project_complete_until_seconds" in shown()
