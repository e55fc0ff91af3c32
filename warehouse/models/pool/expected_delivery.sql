-- Every delivery that a contract promised in the window, and what came of it.
-- grain: one row a periodic feed and period
-- key: feed, period
-- units: due_at UTC, the end of the local day plus the contract's latency; deliveries counts arrivals
-- source: pool.feed (contracts) against pool.delivery; a period is late when nothing was available by due_at
-- optional: pool.delivery (feed VARCHAR, period DATE, delivery_id VARCHAR, verdict VARCHAR, is_current BOOLEAN,
--   received_at TIMESTAMPTZ, published_at TIMESTAMPTZ)
WITH day AS (
    SELECT unnest(generate_series(
        getvariable('first_day')::TIMESTAMP, getvariable('last_day')::TIMESTAMP, INTERVAL 1 DAY
    ))::DATE AS period
),

promised AS (
    SELECT
        feed.feed,
        day.period,
        feed.contributor,
        local_midnight(day.period + 1, getvariable('timezone'))
        + to_seconds(coalesce(feed.latency_s, 0)) AS due_at
    FROM pool.feed AS feed
    INNER JOIN day ON day.period >= coalesce(feed.starts_on, day.period)
    WHERE feed.mode = 'periodic'
),

came AS (
    SELECT
        feed,
        period,
        count(*) AS deliveries,
        count(*) FILTER (WHERE verdict = 'rejected') AS rejected,
        min(coalesce(published_at, received_at)) AS first_available_at,
        max(delivery_id) FILTER (WHERE is_current) AS current_delivery_id
    FROM pool.delivery
    WHERE period IS NOT NULL
    GROUP BY feed, period
)

SELECT
    promised.feed,
    promised.period,
    promised.contributor,
    promised.due_at,
    coalesce(came.deliveries, 0)::BIGINT AS deliveries,
    coalesce(came.rejected, 0)::BIGINT AS rejected,
    came.first_available_at,
    came.current_delivery_id,
    came.current_delivery_id IS NOT NULL AS is_loaded,
    coalesce(came.first_available_at, getvariable('now')) > promised.due_at AS is_late
FROM promised
LEFT JOIN came ON promised.feed = came.feed AND promised.period = came.period
