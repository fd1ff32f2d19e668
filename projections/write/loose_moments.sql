-- needs: loose
INSERT INTO $gen.loose_moments
    (site_id, placed, event_id, source, version, alive, moment, outcome, score, at, channel, business_date, hour)
SELECT
    w.site_id, w.hour, w.event_id, w.source, $version, 1, w.code, w.outcome,
    transform(w.outcome, ['failed', 'below', 'met', 'exceeded', 'wow'], [0, 50, 75, 90, 100], 0),
    fromUnixTimestamp64Milli(w.ms, 'UTC'), w.channel,
    toDate(toInt32(floor((intDiv(w.ms, 1000) + cal.offset_s - cal.day_start_s) / 86400))),
    toDateTime(intDiv(w.ms, 1000) - positiveModulo(intDiv(w.ms, 1000) + cal.offset_s, 3600), 'UTC')
FROM (SELECT * FROM $scratch.work WHERE kind = 'loose') AS w
ASOF LEFT JOIN $scratch.calendar AS cal ON cal.site_id = w.site_id AND intDiv(w.ms, 1000) >= cal.from_s
