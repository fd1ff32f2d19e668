-- The events it is derived from, as they were told.
SELECT
    time, replaceOne(type, 'moments.', '') AS event, stage, told.department AS department,
    if(roles.@{title} = '', told.department, roles.@{title}) AS department_title, source, data
FROM moments.events AS told
LEFT JOIN moments.departments AS roles ON roles.department = told.department
WHERE promise_id = ${promise:sqlstring} AND site_id IN (${site:sqlstring})
ORDER BY time, event_id
LIMIT 200
