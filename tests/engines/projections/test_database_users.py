"""The rights of ClickHouse's users: statements read by the engine's own parser, and rights held against what
the code runs. Nothing of it is executed: chDB has no users, and no server comes from a package registry.
"""

import re
from pathlib import Path

import pytest
import yaml

from deploy.secrets import contents
from projections.store import Store

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path):
    store = Store(str(tmp_path / "clickhouse"))
    yield store
    store.close()


def statements() -> list[str]:
    text = re.sub(r"--[^\n]*\n", "", contents()["clickhouse-users.sql"])
    return [statement for each in text.split(";") if (statement := each.strip())]


def test_the_engine_reads_every_statement_that_makes_users(store: Store) -> None:
    read = [
        store.rows("SELECT formatQuerySingleLine({text:String})", {"text": statement})[0][0]
        for statement in statements()
    ]
    assert sum(text.startswith("CREATE USER IF NOT EXISTS moments_") for text in read) == 3
    with pytest.raises(Exception, match="SYNTAX_ERROR"):
        store.rows("SELECT formatQuerySingleLine({text:String})", {"text": statements()[0] + " WITHOUT ANY"})


def test_compose_starts_the_very_engine_that_is_tested(store: Store) -> None:
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["clickhouse"]["image"]
    ((version,),) = store.rows("SELECT version()")
    assert image == f"clickhouse/clickhouse-server:{'.'.join(version.split('.')[:2])}"


def test_the_writer_s_rights_cover_every_kind_of_statement_in_the_code() -> None:
    """What the code says to ClickHouse begins with one of few words; each has its right."""
    code = [
        file.read_text()
        for folder in ("projections", "moments", "api")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".sql"} and "schema/server" not in file.as_posix()
    ]
    said = {
        " ".join(words)
        for text in code
        for words in re.findall(
            r"\b(CREATE|DROP|TRUNCATE|ALTER|OPTIMIZE|RENAME|EXCHANGE|DELETE FROM|ATTACH|DETACH)"
            r"(?: OR REPLACE)? (DATABASE|TABLE|VIEW|TEMPORARY TABLE|MATERIALIZED VIEW|DICTIONARY)\b",
            text,
        )
    }
    assert said == {"CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP DATABASE", "TRUNCATE TABLE"}
    (granted,) = set(
        re.findall(r"GRANT (CREATE .+?) ON \S+ TO moments_writer", contents()["clickhouse-users.sql"])
    )
    rights = granted.split(", ")
    # CREATE OR REPLACE VIEW also drops the one before
    needed = {*(said - {"TRUNCATE TABLE"}), "TRUNCATE", "DROP VIEW", "DROP TABLE", "INSERT", "SELECT"}
    assert set(rights) == needed
