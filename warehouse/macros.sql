-- noqa: disable=CP05
-- Functions of every connection to the lake, all pure.
-- h3_resolution(cell): resolution 0..15 of an H3 cell written in hexadecimal.
-- h3_parent(cell, resolution): the cell's ancestor; NULL where the cell is coarser than that.
-- source: H3 index layout, mode 1: resolution in bits 52..55, one digit of 3 bits a resolution, 7 = unused.
-- local_midnight(day, zone): UTC instant at which a local day starts (DATE, IANA name -> TIMESTAMPTZ).
-- local_day(stamp, zone): local DATE of an instant.
-- day_seconds(day, zone): seconds of a local day; 82800 or 90000 when the clock changes.
-- haversine_m(lat1, lon1, lat2, lon2): metres on a sphere of radius 6371008.8 m, degrees in.
-- gtfs_seconds(time_text): seconds of a GTFS service day from `H:MM:SS`, hours beyond 24 included; NULL if blank.
-- service_instant(service_date, seconds, zone): UTC instant of a second of a GTFS service date, counted from noon
-- local minus 12 hours, so that days with a clock change hold. source: GTFS Schedule reference, type Time.

CREATE OR REPLACE MACRO h3_bits(cell) AS ('0x' || cell)::UBIGINT;

CREATE OR REPLACE MACRO h3_resolution(cell) AS ((h3_bits(cell) >> 52) & 15::UBIGINT)::INTEGER;

CREATE OR REPLACE MACRO h3_parent(cell, resolution) AS CASE
    WHEN h3_resolution(cell) >= resolution
        THEN lower(to_hex(
            (h3_bits(cell) & 18379190079298994175::UBIGINT)
            | (resolution::UBIGINT << 52)
            | ((1::UBIGINT << (3 * (15 - resolution))::UBIGINT) - 1::UBIGINT)
        ))
END;

CREATE OR REPLACE MACRO local_midnight(day, zone) AS timezone(zone, day::TIMESTAMP);

CREATE OR REPLACE MACRO local_day(stamp, zone) AS timezone(zone, stamp)::DATE;

CREATE OR REPLACE MACRO day_seconds(day, zone) AS
date_diff('second', local_midnight(day, zone), local_midnight(day + 1, zone));

CREATE OR REPLACE MACRO haversine_m(lat1, lon1, lat2, lon2) AS
2 * 6371008.8 * asin(sqrt(
    power(sin(radians(lat2 - lat1) / 2), 2)
    + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2)
));

CREATE OR REPLACE MACRO gtfs_seconds(time_text) AS
try_cast(split_part(trim(time_text::VARCHAR), ':', 1) AS INTEGER) * 3600
+ try_cast(split_part(trim(time_text::VARCHAR), ':', 2) AS INTEGER) * 60
+ try_cast(split_part(trim(time_text::VARCHAR), ':', 3) AS INTEGER);

CREATE OR REPLACE MACRO service_instant(service_date, seconds, zone) AS
timezone(zone, service_date + INTERVAL 12 HOUR) - INTERVAL 12 HOUR + to_seconds(seconds);
