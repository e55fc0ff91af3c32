-- mobility.feed_calendar: the dates that a feed speaks for; outside them no service is unknown, not zero.
-- grain: one row a feed
-- key: feed
-- units: local dates, both included
-- source: calendar, calendar_date (additions only), narrowed by feed_info where it gives dates; the agency's zone
WITH span AS (
    SELECT
        contributor,
        feed,
        delivery_id,
        start_date AS first_date,
        end_date AS last_date
    FROM mobility.calendar
    UNION ALL
    SELECT
        contributor,
        feed,
        delivery_id,
        date AS first_date,
        date AS last_date
    FROM mobility.calendar_date
    WHERE exception_type::INTEGER = 1
),

promised AS (
    SELECT
        feed,
        max(feed_start_date) AS feed_start_date,
        min(feed_end_date) AS feed_end_date
    FROM mobility.feed_info
    GROUP BY feed
),

zone AS (
    SELECT
        feed,
        min(agency_timezone) AS agency_timezone
    FROM mobility.agency
    GROUP BY feed
)

SELECT
    any_value(span.contributor) AS contributor,
    span.feed,
    any_value(span.delivery_id) AS delivery_id,
    greatest(min(span.first_date), any_value(promised.feed_start_date)) AS first_date,
    least(max(span.last_date), any_value(promised.feed_end_date)) AS last_date,
    coalesce(any_value(zone.agency_timezone), getvariable('timezone')) AS timezone
FROM span
LEFT JOIN promised ON span.feed = promised.feed
LEFT JOIN zone ON span.feed = zone.feed
GROUP BY span.feed
ORDER BY span.feed
