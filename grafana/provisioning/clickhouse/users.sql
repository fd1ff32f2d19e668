-- The user that Grafana's data source signs in as: it reads, and may change nothing but how long a query may take.
-- Run once by an administrator of the ClickHouse server: clickhouse-client --param_password=… < users.sql
-- Views run with the reader's own rights, so the reader needs the tables of the live generation too (g1 here).
CREATE SETTINGS PROFILE IF NOT EXISTS moments_boards SETTINGS
    readonly = 1,
    max_execution_time = 60 CHANGEABLE_IN_READONLY,
    max_threads = 4,
    max_memory_usage = 4000000000;

CREATE USER IF NOT EXISTS moments_boards
    IDENTIFIED WITH sha256_password BY {password:String}
    SETTINGS PROFILE moments_boards;

GRANT SELECT ON moments.* TO moments_boards;
GRANT SELECT ON g1.* TO moments_boards;
