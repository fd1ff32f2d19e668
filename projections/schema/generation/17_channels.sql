-- The dictionary of channels: those the product ships with and those the chain registered.
CREATE TABLE IF NOT EXISTS $gen.channels
(
    channel  String,
    title_en String,
    title_uk String,
    title_ru String,
    version  UInt64
)
ENGINE = ${merge_tree}
ORDER BY (version, channel)
