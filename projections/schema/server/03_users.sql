-- NOT RUN BY THE TESTS. Passwords come from `make secrets` (SHA-256 of each, hexadecimal); nothing here has a default.
CREATE USER IF NOT EXISTS moments_writer IDENTIFIED WITH sha256_hash BY '$writer_sha256' DEFAULT ROLE moments_writer;
CREATE USER IF NOT EXISTS moments_reader IDENTIFIED WITH sha256_hash BY '$reader_sha256' DEFAULT ROLE moments_reader;
CREATE USER IF NOT EXISTS moments_grafana IDENTIFIED WITH sha256_hash BY '$grafana_sha256' DEFAULT ROLE moments_grafana;
GRANT moments_writer TO moments_writer;
GRANT moments_reader TO moments_reader;
GRANT moments_grafana TO moments_grafana
