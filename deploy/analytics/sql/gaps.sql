-- Is the feed complete? It numbers its events without a gap, per topic and partition.
WITH
    numbered AS (
        SELECT
            log_name,
            kafka_partition,
            sequence,
            lag(sequence) OVER (
                PARTITION BY log_name, kafka_partition ORDER BY sequence
            ) AS before
        FROM events
        WHERE sequence IS NOT NULL
    )
SELECT
    log_name AS topic,
    kafka_partition AS partition,
    min(sequence) AS first,
    max(sequence) AS last,
    count(*) AS events,
    max(sequence) - min(sequence) + 1 - count(DISTINCT sequence) AS missing,
    count(*) - count(DISTINCT sequence) AS repeated,
    min(before + 1) FILTER (sequence > before + 1) AS first_missing
FROM numbered
GROUP BY log_name, kafka_partition
ORDER BY missing + repeated DESC, topic, partition
