-- Row restriction per site, enforced by ClickHouse: a reader of the role sees the sites that `access` gives its user, and no other,
-- whatever SQL it sends. One ClickHouse user (and one Grafana organisation, or instance, with its own data source) per group of
-- readers: the strongest of the patterns in docs/boards.md, and the only one that also holds for alerts.
--
-- Policies stand on the tables of the live generation (g1 here), since views read them with the reader's own rights. After `moments rebuild`
-- (it says which generation it switched to) readers of this role are refused, not shown everything: the role has no right to the new
-- database until this file has run with its name, `sed 's/\bg1\b/g2/g' restrict_by_site.sql`. So never give it `g*.*`. Every table with a site is listed; `site_id` is in each one's sorting key or constant per row,
-- so the policy never changes which version of a row FINAL keeps.
-- The platform's own user needs `users_without_row_policies_can_read_rows` = true (the default), or it sees nothing.
CREATE TABLE IF NOT EXISTS moments.access
(
    reader  String,
    site_id String
)
ENGINE = MergeTree
ORDER BY (reader, site_id);

CREATE ROLE IF NOT EXISTS moments_site_reader;
GRANT SELECT ON moments.* TO moments_site_reader;
GRANT SELECT ON g1.* TO moments_site_reader;

CREATE ROW POLICY OR REPLACE by_site ON g1.events, g1.promises, g1.visits, g1.outcomes, g1.loose_moments, g1.open_until, g1.subjects, g1.links,
    moments.status
    FOR SELECT USING site_id IN (SELECT site_id FROM moments.access WHERE reader = currentUser())
    TO moments_site_reader;

-- The registry: other sites' names and regions are hidden too.
CREATE ROW POLICY OR REPLACE by_site ON g1.sites
    FOR SELECT USING site_id IN (SELECT site_id FROM moments.access WHERE reader = currentUser())
    TO moments_site_reader;

-- A source belongs to the sites it reports for. One that reports for several (a central kitchen) is hidden unless all of them are given.
CREATE ROW POLICY OR REPLACE by_site ON g1.sources
    FOR SELECT USING hasAll((SELECT groupArray(site_id) FROM moments.access WHERE reader = currentUser()), sites)
    TO moments_site_reader;

-- Re-derivations and unreadable rows name sites or hold raw text: nothing of them.
CREATE ROW POLICY OR REPLACE nothing ON g1.rederivations, g1.poison
    FOR SELECT USING 0
    TO moments_site_reader;

-- Who may see what is told by nobody but the administrator.
CREATE ROW POLICY OR REPLACE own ON moments.access
    FOR SELECT USING reader = currentUser()
    TO moments_site_reader;

-- A reader: CREATE USER north_reader IDENTIFIED WITH sha256_password BY '…' SETTINGS PROFILE moments_boards;
--           GRANT moments_site_reader TO north_reader; INSERT INTO moments.access VALUES ('north_reader', 'msk-01');
