-- Who switched what on again, and why had it been off?
WITH
    switched_on AS (
        SELECT * FROM events
        WHERE class_uid = 3004 AND activity_id = 8 AND status_detail IS NOT NULL
            AND event_code LIKE 'biolatch.decision.%'
    ),
    switched_off AS (
        SELECT device_uid, user_uid, time FROM events
        WHERE class_uid = 3004 AND activity_id = 9 AND event_code LIKE 'biolatch.decision.%'
    )
SELECT
    switched_on.time AS re_enabled_at,
    switched_on.user_uid AS "user",
    switched_on.device_uid AS device,
    switched_on.status_detail AS reason,
    switched_on.channel,
    round(date_diff('millisecond', switched_off.time, switched_on.time) / 60000, 1) AS off_minutes
FROM switched_on
ASOF LEFT JOIN switched_off
    ON switched_off.device_uid = switched_on.device_uid
    AND switched_off.user_uid = switched_on.user_uid
    AND switched_off.time < switched_on.time
ORDER BY re_enabled_at, device, "user"
