-- Moments of truth with their ring (experience, core, support) and phase of the visit.
CREATE OR REPLACE VIEW $public.moment_types AS
SELECT moment AS code, ring, phase, title_en, title_uk, title_ru
FROM $gen.moment_types
WHERE version = (SELECT max(version) FROM $gen.moment_types)
