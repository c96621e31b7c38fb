-- Who fails more often than all together do?
WITH
    attempts AS (
        SELECT
            CASE $by
                WHEN 'device' THEN events.device_uid
                WHEN 'user' THEN events.user_uid
                WHEN 'app-version' THEN devices.app_version
                WHEN 'os-version' THEN concat_ws(' ', devices.os_name, devices.os_version)
                WHEN 'model' THEN devices.device_model
            END AS of,
            events.status_id = 2 AS has_failed
        FROM events
        LEFT JOIN devices ON devices.device_uid = events.device_uid
        WHERE events.class_uid = 3002 AND events.factor_type_id = 4
            AND (events.status_id = 1 OR events.status_detail = 'rejected')
    ),
    baseline AS (SELECT count(*) FILTER (has_failed) / count(*) AS share FROM attempts),
    groups AS (
        SELECT
            coalesce(of, 'unknown') AS of,
            count(*) AS attempts,
            count(*) FILTER (has_failed) AS failures
        FROM attempts GROUP BY of
    )
SELECT
    of AS "of",
    attempts,
    failures,
    round(attempts * share, 1) AS expected,
    round(failures / nullif(attempts * share, 0), 1) AS times
FROM groups, baseline
WHERE failures >= $minimum AND failures > attempts * share
ORDER BY failures - attempts * share DESC, of
