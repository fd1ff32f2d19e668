-- NOT RUN BY THE TESTS. A manager's user sees the sites granted to it and no others, whatever a board asks for:
-- one row in `access` a user and site or region ('' means any). Users without a row see nothing; the writer and the API, whose keys
-- have limits of their own, see all.
CREATE TABLE IF NOT EXISTS $public.access (user_name String, site_id String, region String) ENGINE = ${merge_tree} ORDER BY user_name;
CREATE ROW POLICY IF NOT EXISTS moments_all ON $gen.* USING 1 TO moments_writer, moments_reader;
CREATE ROW POLICY IF NOT EXISTS moments_sites ON $gen.events, $gen.promises, $gen.visits, $gen.outcomes, $gen.loose_moments
    USING site_id IN (SELECT site_id FROM $public.access WHERE user_name = currentUser())
        OR site_id IN (SELECT site_id FROM $public.sites WHERE region IN
            (SELECT region FROM $public.access WHERE user_name = currentUser() AND region != ''))
        OR (SELECT count() FROM $public.access WHERE user_name = currentUser() AND site_id = '' AND region = '') > 0
    TO ALL EXCEPT moments_writer, moments_reader
