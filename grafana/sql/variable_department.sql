-- Departments of a part of the pyramid, by title.
SELECT department AS value, @{title} AS text
FROM moments.departments
WHERE tier IN (@{tiers})
ORDER BY text
