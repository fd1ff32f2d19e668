-- needs: promise
INSERT INTO $gen.open_until (broken_at, site_id, placed, promise_id)
SELECT fromUnixTimestamp64Milli(due_ms + 86400000, 'UTC'), site_id, placed, promise_id
FROM $scratch.planned
WHERE state = 'open'
