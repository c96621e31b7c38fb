-- Which events were not signed, or badly? Of publishers (dead letters) and of devices (verdicts).
SELECT
    status_detail AS reason,
    CASE WHEN log_name LIKE '%dead-letters' THEN 'publisher' ELSE 'device' END AS signer,
    count(*) AS events,
    count(DISTINCT device_uid) AS devices,
    min(time) AS first_at,
    max(time) AS last_at
FROM events
WHERE class_uid = 2004 AND (status_detail LIKE 'signature.%' OR status_detail = 'signature_invalid')
GROUP BY ALL
ORDER BY events DESC, reason
