-- NOT RUN BY THE TESTS: chDB has no users; on a ClickHouse server an administrator runs these files once, in order.
-- What each part may do. The writer is for `moments project`, the reader for the KPI API, grafana for boards and BI tools:
-- it sees the documented views only, never the private tables behind them.
CREATE ROLE IF NOT EXISTS moments_writer;
CREATE ROLE IF NOT EXISTS moments_reader;
CREATE ROLE IF NOT EXISTS moments_grafana;
GRANT CREATE DATABASE, DROP DATABASE, CREATE TABLE, DROP TABLE, CREATE VIEW, DROP VIEW, TRUNCATE, ALTER, INSERT, SELECT ON *.* TO moments_writer;
GRANT SELECT ON *.* TO moments_reader;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, INSERT ON *.* TO moments_reader;
GRANT SELECT ON $public.* TO moments_grafana
