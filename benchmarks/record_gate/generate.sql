-- A generated day of half-hour readings, faults and truth included.
-- Grain: sent, one row a reading in file order; truth, one row a reading and broken rule; meter, one a meter.
-- Keys: sent (prm, horodate, sens) but for the planted repeats; truth (position, rule); meter (meter_id).
-- Units: puissance_w in W, mean over the half-hour. Faults: 8 in 1,600 rows, one of each kind on average.
-- Source: hash(row, seed); variables rows, meters, seed.
CREATE OR REPLACE TEMP VIEW drawn AS
SELECT
    rows_of.i,
    hash(rows_of.i, getvariable('seed')) AS draw,
    rows_of.i - 1 - cast((hash(rows_of.i, getvariable('seed')) // 1600) % 100000 AS BIGINT) AS copied
FROM range(getvariable('rows')) AS rows_of (i);

-- A repeat copies a sound row some way above it; where there is none, the row stays sound.
CREATE OR REPLACE TEMP VIEW planted AS
SELECT
    i,
    copied,
    (draw // 1600) % 3 AS variant,
    CASE draw % 1600
        WHEN 0 THEN 'out_of_range'
        WHEN 1 THEN 'wrong_format'
        WHEN 2 THEN 'no_value'
        WHEN 3 THEN 'not_a_number'
        WHEN 4 THEN 'bad_time'
        WHEN 5 THEN 'unknown_value'
        WHEN 6 THEN CASE WHEN copied >= 0 AND hash(copied, getvariable('seed')) % 1600 >= 8 THEN 'repeated_key' END
        WHEN 7 THEN 'unknown_meter'
    END AS fault
FROM drawn;

CREATE OR REPLACE TEMP VIEW based AS
SELECT
    i,
    fault,
    variant,
    CASE WHEN fault = 'repeated_key' THEN copied ELSE i END AS base
FROM planted;

CREATE OR REPLACE TEMP VIEW sound AS
SELECT
    i,
    fault,
    variant,
    cast(30000000000000 + (base % getvariable('meters') + 1) * 7919 AS VARCHAR) AS prm,
    TIMESTAMP '2019-05-20 00:00:00' + to_minutes(cast(30 * (base // getvariable('meters')) AS INTEGER)) AS stamp,
    CASE WHEN hash(base, getvariable('seed')) % 10 = 0 THEN 'production' ELSE 'consumption' END AS sens,
    cast((hash(base, getvariable('seed')) // 7) % 3000 AS BIGINT) AS power
FROM based;

CREATE OR REPLACE TEMP VIEW sent AS
SELECT
    CASE fault
        WHEN 'wrong_format' THEN 'X' || lpad(cast(i AS VARCHAR), 13, '0')
        WHEN 'unknown_meter' THEN '9' || lpad(cast(i AS VARCHAR), 13, '0')
        ELSE prm
    END AS prm,
    CASE
        WHEN fault = 'bad_time' AND variant = 0 THEN strftime(stamp, '%Y-%m-%dT%H:%M:%S')
        WHEN fault = 'bad_time' AND variant = 1 THEN '2019-05-20T25:00:00-03:00'
        WHEN fault = 'bad_time' THEN strftime(stamp, '%d/%m/%Y %H:%M')
        ELSE strftime(stamp, '%Y-%m-%dT%H:%M:%S-03:00')
    END AS horodate,
    CASE WHEN fault = 'unknown_value' THEN 'import' ELSE sens END AS sens,
    CASE
        WHEN fault = 'out_of_range' AND variant = 0 THEN '999999'
        WHEN fault = 'out_of_range' THEN cast(-1 - power AS VARCHAR)
        WHEN fault = 'no_value' THEN NULL
        WHEN fault = 'not_a_number' AND variant = 0 THEN 'n/a'
        WHEN fault = 'not_a_number' AND variant = 1 THEN 'nan'
        WHEN fault = 'not_a_number' THEN '1e3'
        ELSE cast(power AS VARCHAR)
    END AS puissance_w
FROM sound;

CREATE OR REPLACE TEMP VIEW truth AS
SELECT
    i AS position,
    CASE fault
        WHEN 'out_of_range'
            THEN CASE WHEN variant = 0 THEN 'power_above_segment_ceiling' ELSE 'value_below_minimum' END
        WHEN 'wrong_format' THEN 'pattern_mismatch'
        WHEN 'no_value' THEN 'missing_value'
        WHEN 'not_a_number' THEN 'type_mismatch'
        WHEN 'bad_time' THEN 'type_mismatch'
        WHEN 'unknown_value' THEN 'value_not_allowed'
        WHEN 'repeated_key' THEN 'duplicate_key'
        WHEN 'unknown_meter' THEN 'unknown_meter'
    END AS rule
FROM planted
WHERE fault IS NOT NULL;

CREATE OR REPLACE TEMP VIEW meter AS
SELECT
    cast(30000000000000 + (numbers.m + 1) * 7919 AS VARCHAR) AS meter_id,
    CASE WHEN numbers.m % 1000 = 0 THEN 'C4' ELSE 'C5' END AS segment
FROM range(getvariable('meters')) AS numbers (m);
