-- How long from the risk on the phone until it was switched off? From the phone's report (its own
-- clock) to the decision, and from there until the feed had it.
WITH disables AS (
    SELECT
        status_detail AS reason,
        date_diff('millisecond', original_time, time) / 1000 AS reported_s,
        date_diff('millisecond', time, logged_time) / 1000 AS told_s
    FROM events
    WHERE class_uid = 3004 AND activity_id = 9
        AND status_detail IN ('biometrics_changed', 'os_biometrics_removed', 'failure_limit')
)
SELECT
    reason,
    count(*) AS disables,
    round(quantile_cont(reported_s, 0.5), 3) AS reported_p50_s,
    round(quantile_cont(reported_s, 0.99), 3) AS reported_p99_s,
    round(quantile_cont(told_s, 0.5), 3) AS told_p50_s,
    round(quantile_cont(told_s, 0.99), 3) AS told_p99_s,
    round(quantile_cont(reported_s + told_s, 0.5), 3) AS total_p50_s,
    round(quantile_cont(reported_s + told_s, 0.99), 3) AS total_p99_s
FROM disables
GROUP BY reason
ORDER BY disables DESC, reason
