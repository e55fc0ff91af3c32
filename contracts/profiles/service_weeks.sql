-- The thinnest week ahead of a GTFS timetable, against its usual week.
-- grain: one row. keys: none.
-- units: trips a week of seven days; weeks are counted from given.today, four before it and those that end within
-- given.days_ahead; only weeks that lie wholly between the calendar's first and last day of service count.
-- source: calendar(service_id, runs, start_date, end_date), calendar_date(service_id, day, exception_type),
-- trip(service_id), given(today, days_ahead).
WITH regular AS (
    SELECT
        service_id,
        cast(unnest(generate_series(
            greatest(start_date, (SELECT today FROM given) - 28),
            least(end_date, (SELECT today + days_ahead FROM given)),
            INTERVAL 1 DAY
        )) AS DATE) AS day,
        runs
    FROM calendar
),

service_day AS (
    SELECT
        service_id,
        day
    FROM regular
    WHERE runs[isodow(day)]
    EXCEPT
    SELECT
        service_id,
        day
    FROM calendar_date
    WHERE exception_type = '2'
    UNION
    SELECT
        service_id,
        day
    FROM calendar_date
    WHERE exception_type = '1'
),

named_day AS (
    SELECT start_date AS day FROM calendar
    UNION ALL
    SELECT end_date AS day FROM calendar
    UNION ALL
    SELECT day FROM calendar_date WHERE exception_type = '1'
),

span AS (
    SELECT
        min(day) AS first_day,
        max(day) AS last_day
    FROM named_day
),

-- The first day of each week, counted from four weeks before today.
week AS (
    SELECT cast(unnest(generate_series(today - 28, today + days_ahead - 6, INTERVAL 7 DAY)) AS DATE) AS first_day
    FROM given
),

trips_of_service AS (
    SELECT
        service_id,
        count(*) AS n
    FROM trip
    GROUP BY service_id
),

trips_a_week AS (
    SELECT
        week.first_day,
        cast(coalesce(sum(trips_of_service.n), 0) AS BIGINT) AS n,
        week.first_day >= any_value(given.today) AS is_ahead
    FROM week
    CROSS JOIN given
    INNER JOIN span ON week.first_day >= span.first_day AND week.first_day + 6 <= span.last_day
    LEFT JOIN service_day ON service_day.day BETWEEN week.first_day AND week.first_day + 6
    LEFT JOIN trips_of_service ON service_day.service_id = trips_of_service.service_id
    GROUP BY week.first_day
)

SELECT
    count(*) FILTER (is_ahead) AS weeks_ahead,
    quantile_disc(n, 0.5) AS usual_trips,
    min(n) FILTER (is_ahead) AS worst_trips,
    cast(arg_min(first_day, (n, first_day)) FILTER (is_ahead) AS VARCHAR) AS worst_week
FROM trips_a_week
