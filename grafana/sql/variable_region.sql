-- Every region that a site ever belonged to.
SELECT DISTINCT region FROM moments.sites ORDER BY region
