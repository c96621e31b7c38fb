-- Which models and builds are switched off, or fall back to the password, most often? A bad update
-- of phones looks like an attack.
WITH
    happened AS (
        SELECT
            device_uid,
            count(*) FILTER (
                activity_id = 9
                AND status_detail IN ('biometrics_changed', 'os_biometrics_removed', 'failure_limit')
            ) AS disables,
            count(*) FILTER (activity_id = 12) AS fallbacks
        FROM events
        WHERE class_uid = 3004 AND status_id = 1
        GROUP BY device_uid
    )
SELECT
    coalesce(device_model, 'unknown') AS model,
    coalesce(os_name || coalesce(' ' || os_version, ''), 'unknown') AS os,
    count(*) AS devices,
    count(*) FILTER (disables > 0) AS disabled,
    round(100 * disabled / count(*), 1) AS disabled_percent,
    count(*) FILTER (fallbacks > 0) AS fell_back,
    round(100 * fell_back / count(*), 1) AS fell_back_percent
FROM devices
LEFT JOIN happened USING (device_uid)
GROUP BY ALL
ORDER BY disabled_percent DESC, fell_back_percent DESC, model, os
