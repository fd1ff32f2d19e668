"""docs/boards.md and what is shipped beside the boards cannot drift from the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from grafana.alerts import rules
from grafana.boards import BOARDS
from grafana.build import HERE
from grafana.provisioning import installation

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs/boards.md").read_text(encoding="utf-8")
GENERATION = ROOT / "projections/schema/generation"
WITHOUT_SITES = {"departments", "channels", "moment_types", "positions", "covered"}
"""They hold nothing of one site."""


@pytest.mark.parametrize("slug", BOARDS)
def test_every_board_says_who_opens_it_what_it_answers_and_what_to_do_on_red(slug: str) -> None:
    section = re.search(rf"### {slug}\n(.*?)(?=\n##|\Z)", DOCS, re.DOTALL)
    assert section, slug
    assert all(word in section.group(1) for word in ("**Who**", "**First question**", "**On red**"))


def test_every_alert_is_in_the_docs() -> None:
    for rule in rules():
        assert rule.uid in DOCS or rule.uid.startswith("moments-standard-")


@pytest.mark.parametrize("name", ["restrict_by_site.sql", "restrict_by_login.sql"])
def test_row_policies_cover_every_table_that_knows_a_site(name: str) -> None:
    """A table without a policy shows every site to everybody, and nothing says so."""
    text = (HERE / "provisioning/clickhouse" / name).read_text(encoding="utf-8")
    policies = " ".join(re.findall(r"CREATE ROW POLICY.*?;", text, re.DOTALL))
    tables = {
        match.group(1)
        for file in GENERATION.glob("*.sql")
        for match in re.finditer(r"CREATE TABLE IF NOT EXISTS \$gen\.(\w+)", file.read_text(encoding="utf-8"))
    }
    assert tables
    assert {table for table in tables - WITHOUT_SITES if f"g1.{table}" not in policies} == set()
    assert "moments.status" in policies
    assert "moments.access" in policies


@pytest.mark.parametrize("name", ["restrict_by_site.sql", "restrict_by_login.sql"])
def test_a_restricted_role_is_refused_by_a_generation_without_policies(name: str) -> None:
    """Rights that outlive a rebuild would show the new generation whole before its policies stand."""
    text = (HERE / "provisioning/clickhouse" / name).read_text(encoding="utf-8")
    (role,) = re.findall(r"CREATE ROLE IF NOT EXISTS (\w+)", text)
    granted = re.findall(rf"^GRANT SELECT ON (\S+) TO {role};", text, re.MULTILINE)
    policies = " ".join(re.findall(r"CREATE ROW POLICY.*?;", text, re.DOTALL))
    covered = set(re.findall(r"\b(g\d+)\.\w+", policies))
    assert granted == ["moments.*", *(f"{generation}.*" for generation in covered)]


def test_compose_mounts_what_is_there_and_sets_what_the_files_read() -> None:
    """A folder that is not mounted, or a variable that is not set, leaves Grafana empty without an error."""
    compose = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["grafana"]
    for volume in service["volumes"]:
        source = volume.split(":")[0]
        assert not source.startswith("./") or (HERE / source).is_dir(), source
    texts = [file.read_text(encoding="utf-8") for file in (HERE / "provisioning").glob("*/*.yaml")]
    wanted = {name for text in texts for name in re.findall(r"\$\{(MOMENTS_\w+)\}", text)}
    assert wanted <= set(service["environment"])
    assert {installation()["head_office"], *installation()["regions"].values()} <= wanted
    assert "@4.20.0" in service["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
