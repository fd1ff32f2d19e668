-- Site-local time: from `from_s` (UTC seconds) on, the site's clock is `offset_s` ahead of UTC and its business day starts
-- `day_start_s` after midnight. Built with zoneinfo, since ClickHouse takes no time zone from a column.
CREATE TABLE IF NOT EXISTS $scratch.calendar
(site_id String, from_s Int64, offset_s Int32, day_start_s Int32) ENGINE = Memory
