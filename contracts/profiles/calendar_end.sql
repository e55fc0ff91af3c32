-- First and last day that a GTFS timetable's calendars name.
-- grain: one row. keys: none. units: dates of service.
-- source: calendar(start_date, end_date) and the days added in calendar_date(day, exception_type).
WITH days AS (
    SELECT start_date AS day FROM calendar
    UNION ALL
    SELECT end_date AS day FROM calendar
    UNION ALL
    SELECT day FROM calendar_date WHERE exception_type = '1'
)

SELECT
    cast(min(day) AS VARCHAR) AS first_day,
    cast(max(day) AS VARCHAR) AS last_day
FROM days
