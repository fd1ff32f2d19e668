-- visit_channels: that of visit.started, else of the first moment with one; a derived moment has its promise's own (R15).
SELECT site_id, visit_id, argMin(channel, tuple(later, ms, event_id, source)) AS visit_channel
FROM
(
    SELECT site_id, visit_id, 0 AS later, start.2 AS channel, start.1 AS ms, '' AS event_id, '' AS source
    FROM $scratch.visit_bases
    WHERE start.2 != ''
    UNION ALL
    SELECT site_id, visit_id, 1, channel, ms, event_id, source
    FROM $scratch.moments
    WHERE channel != ''
)
GROUP BY site_id, visit_id
