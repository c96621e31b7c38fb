-- Which devices were switched off by a risk, and nobody has switched them on again? Counted up to
-- the newest event that is kept.
WITH
    newest AS (SELECT max(time) AS now FROM events),
    last_switch AS (
        SELECT
            device_uid,
            user_uid,
            arg_max(activity_id, time) AS activity_id,
            arg_max(status_detail, time) AS reason,
            max(time) AS since
        FROM events
        WHERE class_uid = 3004 AND activity_id IN (8, 9)
            AND event_code LIKE 'biolatch.decision.%'
        GROUP BY device_uid, user_uid
    ),
    asked AS (
        SELECT device_uid, user_uid, time FROM events
        WHERE event_code = 'biolatch.decision.re-enable-required.v1'
    )
SELECT
    last_switch.device_uid AS device,
    last_switch.user_uid AS "user",
    any_value(reason) AS reason,
    since,
    round(date_diff('millisecond', since, any_value(now)) / 86400000, 1) AS days,
    count(asked.time) AS asked
FROM last_switch
CROSS JOIN newest
LEFT JOIN asked
    ON asked.device_uid = last_switch.device_uid
    AND asked.user_uid = last_switch.user_uid
    AND asked.time >= since
WHERE last_switch.activity_id = 9
    AND reason IN ('biometrics_changed', 'os_biometrics_removed', 'failure_limit')
    AND date_diff('millisecond', since, now) >= $days * 86400000
GROUP BY last_switch.device_uid, last_switch.user_uid, since
ORDER BY since, device, "user"
