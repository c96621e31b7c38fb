-- What every question asks: `events`, the files' rows with one mask for each device and user.
-- While two keys are in use every row has both masks; so those of one device form a chain, and its
-- lowest mask stands for all of them.
CREATE TEMP TABLE device_masks AS
WITH RECURSIVE
    pairs AS (
        SELECT DISTINCT device_uid AS one, device_uid_alt AS other
        FROM kept WHERE device_uid_alt IS NOT NULL
    ),
    links AS (SELECT one, other FROM pairs UNION SELECT other, one FROM pairs),
    reached AS (
        SELECT one, other FROM links
        UNION
        SELECT reached.one, links.other FROM reached JOIN links ON links.one = reached.other
    )
SELECT one AS mask, least(one, min(other)) AS stands_for FROM reached GROUP BY one;

CREATE TEMP TABLE user_masks AS
WITH RECURSIVE
    pairs AS (
        SELECT DISTINCT user_uid AS one, user_uid_alt AS other
        FROM kept WHERE user_uid_alt IS NOT NULL
    ),
    links AS (SELECT one, other FROM pairs UNION SELECT other, one FROM pairs),
    reached AS (
        SELECT one, other FROM links
        UNION
        SELECT reached.one, links.other FROM reached JOIN links ON links.one = reached.other
    )
SELECT one AS mask, least(one, min(other)) AS stands_for FROM reached GROUP BY one;

CREATE TEMP VIEW events AS
SELECT
    kept.* REPLACE (
        coalesce(device_masks.stands_for, kept.device_uid) AS device_uid,
        coalesce(user_masks.stands_for, kept.user_uid) AS user_uid
    )
FROM kept
LEFT JOIN device_masks ON device_masks.mask = kept.device_uid
LEFT JOIN user_masks ON user_masks.mask = kept.user_uid;

-- What is known of a device: apps say it when biometrics are switched on.
CREATE TEMP VIEW devices AS
SELECT
    device_uid,
    arg_max(device_model, time) AS device_model,
    arg_max(device_os_name, time) AS os_name,
    arg_max(device_os_version, time) AS os_version,
    arg_max(app_version, time) AS app_version
FROM events
WHERE device_uid IS NOT NULL
GROUP BY device_uid;
