-- The user that Grafana's data source signs in as: it reads, and may change nothing but how long a query may take.
-- Run once by an administrator of the ClickHouse server: clickhouse-client --param_password=… < users.sql
-- Views run with the reader's own rights, so the reader needs the tables of the live generation too. Generations are databases g1, g2, …:
-- rights by the beginning of the name outlive a rebuild (keep no database of another kind that begins with g on this server).
CREATE SETTINGS PROFILE IF NOT EXISTS moments_boards SETTINGS
    readonly = 1,
    max_execution_time = 60 CHANGEABLE_IN_READONLY,
    max_threads = 4,
    max_memory_usage = 4000000000;

CREATE USER IF NOT EXISTS moments_boards
    IDENTIFIED WITH sha256_password BY {password:String}
    SETTINGS PROFILE moments_boards;

GRANT SELECT ON moments.* TO moments_boards;
GRANT SELECT ON g*.* TO moments_boards;
