-- A site as it is from valid_from to the day before valid_to.
CREATE OR REPLACE VIEW $public.sites AS
SELECT site_id, valid_from, valid_to, region, kind, name, timezone, business_day_start, currency
FROM $gen.sites
WHERE version = (SELECT max(version) FROM $gen.sites)
