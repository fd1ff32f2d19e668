-- The dictionary of departments with their tier of the pyramid.
CREATE TABLE IF NOT EXISTS $gen.departments
(
    department String,
    tier       String,
    title_en   String,
    title_uk   String,
    title_ru   String,
    version    UInt64
)
ENGINE = ${merge_tree}
ORDER BY (version, department)
