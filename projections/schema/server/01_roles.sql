-- NOT RUN BY THE TESTS: chDB has no users. `make secrets` puts these files, passwords filled in, into one that a ClickHouse
-- server runs at its first start (docker-compose.yml) or an administrator runs once; running them again changes nothing.
-- What each part may do. Writer: `moments project`, `relay`, `verify`, `rebuild`. Reader: the KPI API. Grafana: boards and BI tools.
-- Generations are databases g1, g2, ...: a rebuild makes the next one, so rights are given by the beginning of the name. Views
-- read with the rights of whoever asks (SQL SECURITY INVOKER, so that row policies hold): Grafana needs the generations too.
CREATE ROLE IF NOT EXISTS moments_writer;
CREATE ROLE IF NOT EXISTS moments_reader;
CREATE ROLE IF NOT EXISTS moments_grafana;
GRANT CREATE DATABASE, DROP DATABASE, CREATE TABLE, DROP TABLE, CREATE VIEW, DROP VIEW, TRUNCATE, INSERT, SELECT ON $public*.* TO moments_writer;
GRANT CREATE DATABASE, DROP DATABASE, CREATE TABLE, DROP TABLE, CREATE VIEW, DROP VIEW, TRUNCATE, INSERT, SELECT ON g*.* TO moments_writer;
GRANT CREATE DATABASE, DROP DATABASE, CREATE TABLE, DROP TABLE, CREATE VIEW, DROP VIEW, TRUNCATE, INSERT, SELECT ON scratch*.* TO moments_writer;
GRANT SELECT ON $public*.* TO moments_reader;
GRANT SELECT ON g*.* TO moments_reader;
GRANT SELECT ON $public.* TO moments_grafana;
GRANT SELECT ON g*.* TO moments_grafana
