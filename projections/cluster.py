"""The tables of a generation on a ClickHouse cluster: the same files, replicated, distributed by site.

Only the text is made and tested here: no cluster runs beside these tests. An administrator reads it, runs it
once for a generation and points `moments project` at any node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from projections.store import render, sql_files

_REPLICA: Final = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
REPLICATED: Final[Mapping[str, str]] = {
    "merge_tree": f"ReplicatedMergeTree({_REPLICA})",
    "replacing": f"ReplicatedReplacingMergeTree({_REPLICA})",
    "versioned": f"ReplicatedReplacingMergeTree({_REPLICA}, version)",
}
_CREATE: Final = re.compile(r"CREATE TABLE IF NOT EXISTS \$gen\.(\w+)")


def cluster_statements(generation: str, cluster: str) -> Iterator[str]:
    """The statements of one generation, in order.

    Each table is two: `<generation>_shard.<name>` on every node, replicated within its shard, and
    `<generation>.<name>` in front of them. Rows go to shards by site, so that all rows of a component, and
    all versions of a row, lie on one shard: FINAL and the joins of a derivation need no other.

    Args:
        generation: database of the generation.
        cluster: the cluster's name in the servers' configuration.
    """
    for database in (generation, f"{generation}_shard"):
        yield f"CREATE DATABASE IF NOT EXISTS {database} ON CLUSTER '{cluster}' ENGINE = Atomic"
    for file in sql_files("schema/generation"):
        text = file.read_text()
        found = _CREATE.search(text)
        assert found is not None, f"{file.name} creates no table"
        name = found[1]
        local = _CREATE.sub(rf"CREATE TABLE IF NOT EXISTS $gen.\1 ON CLUSTER '{cluster}'", text)
        yield render(local, {"gen": f"{generation}_shard", **REPLICATED})
        by_site = re.search(r"^\s+site_id\s", text, re.MULTILINE) is not None
        key = "cityHash64(site_id)" if by_site else "0"
        yield (
            f"CREATE TABLE IF NOT EXISTS {generation}.{name} ON CLUSTER '{cluster}'"
            f" AS {generation}_shard.{name}"
            f" ENGINE = Distributed('{cluster}', '{generation}_shard', '{name}', {key})"
        )
