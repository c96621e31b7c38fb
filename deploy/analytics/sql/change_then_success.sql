-- Which devices had their faces or fingers changed, and a biometric login soon after?
WITH
    changes AS (
        SELECT DISTINCT device_uid, time AS changed_at
        FROM events
        WHERE class_uid = 5019 AND status_id = 1
            AND status_detail = 'biometrics_changed' AND coalesce(state_id, 1) = 1
    ),
    successes AS (
        SELECT device_uid, user_uid, time
        FROM events
        WHERE class_uid = 3002 AND factor_type_id = 4 AND status_id = 1
    ),
    -- Each success belongs to the latest change before it.
    followed AS (
        SELECT changes.device_uid, successes.user_uid, changes.changed_at, successes.time
        FROM successes
        ASOF JOIN changes
            ON changes.device_uid = successes.device_uid AND changes.changed_at < successes.time
    )
SELECT
    device_uid AS device,
    arg_min(user_uid, time) AS "user",
    changed_at,
    min(time) AS logged_in_at,
    round(date_diff('millisecond', changed_at, min(time)) / 60000, 1) AS minutes
FROM followed
GROUP BY device_uid, changed_at
HAVING minutes <= $minutes
ORDER BY minutes, changed_at, device
