-- Channels through which customers come.
CREATE OR REPLACE VIEW $public.channels AS
SELECT channel, title_en, title_uk, title_ru
FROM $gen.channels
WHERE version = (SELECT max(version) FROM $gen.channels)
