-- Trips by day of service of a GTFS timetable, from its calendar and the calendar's exceptions.
-- grain: one row. keys: none.
-- units: medians of trips a day over the days of each type from given.today on (over all days where none is left);
-- a day of the calendar without a trip counts as 0.
-- source: calendar(service_id, runs, start_date, end_date), calendar_date(service_id, day, exception_type),
-- trip(service_id), given(today); days further than 400 before or 800 after given.today are left out.
WITH regular AS (
    SELECT
        service_id,
        cast(unnest(generate_series(
            greatest(start_date, (SELECT today FROM given) - 400),
            least(end_date, (SELECT today FROM given) + 800),
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

window_days AS (
    SELECT unnest(generate_series(min(day), max(day), INTERVAL 1 DAY)) AS day
    FROM service_day
    WHERE day BETWEEN (SELECT today FROM given) - 400 AND (SELECT today FROM given) + 800
),

trips_a_day AS (
    SELECT
        service_day.day,
        count(*) AS n
    FROM service_day
    INNER JOIN trip ON service_day.service_id = trip.service_id
    GROUP BY service_day.day
),

judged AS (
    SELECT
        CASE isodow(window_days.day) WHEN 6 THEN 'saturday' WHEN 7 THEN 'sunday' ELSE 'weekday' END AS day_type,
        coalesce(trips_a_day.n, 0) AS n,
        window_days.day >= (SELECT today FROM given) AS is_ahead
    FROM window_days
    LEFT JOIN trips_a_day ON window_days.day = trips_a_day.day
    QUALIFY is_ahead OR NOT bool_or(is_ahead) OVER ()
)

SELECT
    coalesce(quantile_disc(n, 0.5) FILTER (WHERE day_type = 'weekday'), 0) AS weekday,
    coalesce(quantile_disc(n, 0.5) FILTER (WHERE day_type = 'saturday'), 0) AS saturday,
    coalesce(quantile_disc(n, 0.5) FILTER (WHERE day_type = 'sunday'), 0) AS sunday
FROM judged
