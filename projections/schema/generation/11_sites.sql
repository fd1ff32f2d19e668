-- A site as it is from one business day to the next change.
CREATE TABLE IF NOT EXISTS $gen.sites
(
    site_id            String,
    valid_from         Date32,
    valid_to           Date32,
    region             String,
    kind               String,
    name               String,
    timezone           String,
    business_day_start String,
    currency           String,
    version            UInt64
)
ENGINE = ${merge_tree}
ORDER BY (version, site_id, valid_from)
