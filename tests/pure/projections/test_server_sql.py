"""The text of what only a ClickHouse server or cluster can run: whole, closed, and with nothing left open.

None of it is run here: chDB has neither users nor a cluster, and no server comes from a package registry.
"""

import re
from itertools import pairwise

import pytest

from projections.cluster import cluster_statements
from projections.store import ENGINES, render, sql_files

NAMES = {
    "public": "moments",
    "gen": "g1",
    "writer_sha256": "a" * 64,
    "reader_sha256": "b" * 64,
    "grafana_sha256": "c" * 64,
    **ENGINES["embedded"],
}


def server(name: str) -> str:
    (file,) = [file for file in sql_files("schema/server") if name in file.name]
    return render(file.read_text(), NAMES)


@pytest.mark.parametrize("file", sql_files("schema/server"), ids=lambda file: file.name)
def test_every_file_says_that_it_is_not_run_here(file) -> None:
    assert "NOT RUN BY THE TESTS" in file.read_text().splitlines()[0]
    assert "$" not in render(file.read_text(), NAMES)


def test_no_user_has_a_password_that_ships() -> None:
    users = re.findall(
        r"CREATE USER IF NOT EXISTS (\w+) IDENTIFIED WITH sha256_hash BY '(\w+)'", server("users")
    )
    assert users == [
        ("moments_writer", "a" * 64),
        ("moments_reader", "b" * 64),
        ("moments_grafana", "c" * 64),
    ]


def test_reader_and_grafana_only_read_and_nobody_leaves_the_platform_s_databases() -> None:
    granted = re.findall(r"GRANT (.+) ON (\S+) TO (\w+)", server("roles"))
    assert [(what, where) for what, where, who in granted if who != "moments_writer"] == [
        ("SELECT", "moments*.*"),
        ("SELECT", "g*.*"),
        ("SELECT", "moments.*"),
        ("SELECT", "g*.*"),
    ]
    assert {where for _, where, _ in granted} == {"moments*.*", "g*.*", "scratch*.*", "moments.*"}
    assert "readonly = 2 TO moments_reader" in server("settings")
    assert "readonly = 1, max_execution_time = 60 CHANGEABLE_IN_READONLY" in server("settings")
    assert "CREATE QUOTA IF NOT EXISTS moments_grafana" in server("settings")


def test_a_cluster_has_every_table_twice_and_shards_facts_by_site() -> None:
    statements = list(cluster_statements("g1", "chain"))
    assert [text for text in statements if "$" in text] == []
    assert all("ON CLUSTER 'chain'" in text for text in statements)
    tables = statements[2:]
    assert len(tables) == 2 * len(sql_files("schema/generation"))
    for local, front in list(pairwise(tables))[::2]:
        name = re.search(r"g1_shard\.(\w+)", local)[1]
        assert "ENGINE = Replicated" in local
        assert f"AS g1_shard.{name} ENGINE = Distributed('chain', 'g1_shard', '{name}'" in front
    events = next(text for text in tables if text.startswith("CREATE TABLE IF NOT EXISTS g1.events "))
    assert events.endswith("cityHash64(site_id))")
    versioned = next(text for text in tables if "g1_shard.promises ON CLUSTER" in text)
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version)"
        in versioned
    )
