-- Departments with their tier of the pyramid.
CREATE OR REPLACE VIEW $public.departments AS
SELECT department, tier, title_en, title_uk, title_ru
FROM $gen.departments
WHERE version = (SELECT max(version) FROM $gen.departments)
