-- NOT RUN BY THE TESTS. Neither API nor boards can change data or take the server's memory from the projectors.
-- The reader has readonly = 2: the API sends settings with its queries (their limits too). Boards have readonly = 1, since whoever
-- edits a query there could change settings otherwise; Grafana's plug-in sends how long a query may take, and nothing else.
CREATE SETTINGS PROFILE IF NOT EXISTS moments_reader SETTINGS readonly = 2 TO moments_reader;
CREATE SETTINGS PROFILE IF NOT EXISTS moments_grafana SETTINGS
    readonly = 1, max_execution_time = 60 CHANGEABLE_IN_READONLY, max_memory_usage = 2000000000, max_threads = 4
    TO moments_grafana;
CREATE QUOTA IF NOT EXISTS moments_grafana KEYED BY user_name
    FOR INTERVAL 1 minute MAX queries = 3000, execution_time = 300
    TO moments_grafana
