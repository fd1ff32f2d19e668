-- The second pattern: one data source for all, restricted by who is signed in to Grafana. Needs the HTTP protocol, `forwardGrafanaHeaders`
-- in the data source and allow_get_client_http_header = 1 in the profile. Anybody who reaches ClickHouse's HTTP port can forge the header:
-- let nothing but Grafana reach it. Alerts have no login and see nothing: give them a data source of their own.
-- After a rebuild the role is refused until this file has run with the new generation's name, as with restrict_by_site.sql.
-- Replaces the policies of restrict_by_site.sql for the role of the shared user.
CREATE ROLE IF NOT EXISTS moments_login_reader SETTINGS allow_get_client_http_header = 1;
GRANT SELECT ON moments.* TO moments_login_reader;
GRANT SELECT ON g1.* TO moments_login_reader;

CREATE ROW POLICY OR REPLACE by_login ON g1.events, g1.promises, g1.visits, g1.outcomes, g1.loose_moments, g1.open_until, g1.subjects, g1.links,
    g1.sites, moments.status
    FOR SELECT USING site_id IN (SELECT site_id FROM moments.access WHERE reader = getClientHTTPHeader('X-Grafana-User'))
    TO moments_login_reader;

CREATE ROW POLICY OR REPLACE by_login ON g1.sources
    FOR SELECT USING hasAll((SELECT groupArray(site_id) FROM moments.access WHERE reader = getClientHTTPHeader('X-Grafana-User')), sites)
    TO moments_login_reader;

CREATE ROW POLICY OR REPLACE nothing_by_login ON g1.rederivations, g1.poison
    FOR SELECT USING 0
    TO moments_login_reader;

CREATE ROW POLICY OR REPLACE own_by_login ON moments.access
    FOR SELECT USING reader = getClientHTTPHeader('X-Grafana-User')
    TO moments_login_reader;
