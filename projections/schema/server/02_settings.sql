-- NOT RUN BY THE TESTS. A board can neither change data nor take the server's memory from the projectors.
-- The API's own queries carry readonly = 2 themselves; its process also creates missing databases at its start.
CREATE SETTINGS PROFILE IF NOT EXISTS moments_grafana SETTINGS
    readonly = 2, max_execution_time = 30, max_memory_usage = 2000000000, max_threads = 4, max_result_rows = 1000000
    TO moments_grafana;
CREATE QUOTA IF NOT EXISTS moments_grafana KEYED BY user_name
    FOR INTERVAL 1 minute MAX queries = 600, execution_time = 300
    TO moments_grafana
