"""What the machine can do without us: a plain SQLite commit, a plain ClickHouse insert. Ours are read
beside these."""

import sqlite3
import sys
import time
from pathlib import Path

EVENT_BYTES = 400
_SQLITE_BATCHES, _SQLITE_ROWS = 200, 500
_CLICKHOUSE_BATCHES, _CLICKHOUSE_ROWS = 20, 20_000


def sqlite_rows_per_second(folder: Path) -> float:
    """Rows of 400 bytes in ascending order, 500 a commit, WAL and synchronous=FULL: nothing else is done to
    them."""
    path = folder / "plain.db"
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("page_size=8192", "journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
    body = b"x" * EVENT_BYTES
    started = time.perf_counter()
    for batch in range(_SQLITE_BATCHES):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO rows VALUES (?,?)", ((f"{batch:08d}-{row:05d}", body) for row in range(_SQLITE_ROWS))
        )
        db.execute("COMMIT")
    elapsed = time.perf_counter() - started
    db.close()
    return _SQLITE_BATCHES * _SQLITE_ROWS / elapsed


def clickhouse_rows_per_second(folder: Path) -> float:
    """Rows of the same size as Arrow into one ordered table of the engine, 20,000 an insert: no facts, no
    questions."""
    import clickhouse_connect
    import pyarrow as pa

    client = clickhouse_connect.get_client(interface="chdb", path=str(folder / "plain-clickhouse"))
    client.command(
        "CREATE TABLE plain (hour DateTime('UTC'), site String, id String, body String)"
        " ENGINE = ReplacingMergeTree ORDER BY (hour, site, id)"
    )
    body = "x" * EVENT_BYTES
    elapsed = 0.0
    for batch in range(_CLICKHOUSE_BATCHES):
        rows = range(batch * _CLICKHOUSE_ROWS, (batch + 1) * _CLICKHOUSE_ROWS)
        data = pa.table(
            {
                "hour": pa.array([1_700_000_000 + row // 100 * 60 for row in rows], pa.uint32()),
                "site": pa.array([f"site-{row % 500}" for row in rows]),
                "id": pa.array([f"{row:036d}" for row in rows]),
                "body": pa.array([body] * len(rows)),
            }
        )
        started = time.perf_counter()
        client.insert_arrow("plain", data)
        elapsed += time.perf_counter() - started
    client.close()
    return _CLICKHOUSE_BATCHES * _CLICKHOUSE_ROWS / elapsed


if __name__ == "__main__":  # chDB allows one path a process: each limit has a process of its own
    limit = {"sqlite": sqlite_rows_per_second, "clickhouse": clickhouse_rows_per_second}[sys.argv[1]]
    print(limit(Path(sys.argv[2])))
