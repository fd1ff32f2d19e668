-- Which text the documented views were last made from, so that a start need not make them again.
CREATE TABLE IF NOT EXISTS $meta.published
(
    at     DateTime64(6, 'UTC') DEFAULT now64(6),
    public String,
    digest String
)
ENGINE = ${merge_tree}
ORDER BY (public, at)
