-- A generated day of half-hour readings, faults and truth included.
-- Grain: sent, one row a reading in file order; truth, one row a reading and broken rule; meter, one a meter.
-- Keys: sent (prm, horodate, sens) but for the planted repeats; truth (position, rule); meter (meter_id).
-- Units: puissance_w in W, mean over the half-hour. Faults: 8 in 1,600 rows, one of each kind on average.
-- Source: hash(row, seed); variables rows, meters, seed.
CREATE OR REPLACE TEMP MACRO draw(i) AS hash(i, getvariable('seed'));

CREATE OR REPLACE TEMP MACRO drawn_fault(i) AS
    CASE draw(i) % 1600
        WHEN 0 THEN 'out_of_range'
        WHEN 1 THEN 'wrong_format'
        WHEN 2 THEN 'no_value'
        WHEN 3 THEN 'not_a_number'
        WHEN 4 THEN 'bad_time'
        WHEN 5 THEN 'unknown_value'
        WHEN 6 THEN 'repeated_key'
        WHEN 7 THEN 'unknown_meter'
    END;

-- A repeat copies a sound row some way above it; where there is none, the row stays sound.
CREATE OR REPLACE TEMP MACRO copied_row(i) AS i - 1 - (draw(i) // 1600) % 100000;

CREATE OR REPLACE TEMP MACRO planted_fault(i) AS
    CASE
        WHEN
            drawn_fault(i) = 'repeated_key' AND (copied_row(i) < 0 OR drawn_fault(copied_row(i)) IS NOT NULL)
            THEN NULL
        ELSE drawn_fault(i)
    END;

CREATE OR REPLACE TEMP VIEW planted AS
SELECT
    i,
    planted_fault(i) AS fault,
    CASE WHEN planted_fault(i) = 'repeated_key' THEN copied_row(i) ELSE i END AS base,
    (draw(i) // 1600) % 3 AS variant
FROM range(getvariable('rows')) AS positions (i);

CREATE OR REPLACE TEMP VIEW sound AS
SELECT
    *,
    CAST(30000000000000 + (base % getvariable('meters') + 1) * 7919 AS VARCHAR) AS prm,
    TIMESTAMP '2019-05-20 00:00:00' + to_minutes(CAST(30 * (base // getvariable('meters')) AS INTEGER)) AS stamp,
    CASE WHEN draw(base) % 10 = 0 THEN 'production' ELSE 'consumption' END AS sens,
    (draw(base) // 7) % 3000 AS power
FROM planted;

CREATE OR REPLACE TEMP VIEW sent AS
SELECT
    CASE fault
        WHEN 'wrong_format' THEN 'X' || lpad(CAST(i AS VARCHAR), 13, '0')
        WHEN 'unknown_meter' THEN '9' || lpad(CAST(i AS VARCHAR), 13, '0')
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
        WHEN fault = 'out_of_range' THEN CAST(-1 - power AS VARCHAR)
        WHEN fault = 'no_value' THEN NULL
        WHEN fault = 'not_a_number' AND variant = 0 THEN 'n/a'
        WHEN fault = 'not_a_number' AND variant = 1 THEN 'nan'
        WHEN fault = 'not_a_number' THEN '1e3'
        ELSE CAST(power AS VARCHAR)
    END AS puissance_w
FROM sound;

CREATE OR REPLACE TEMP VIEW truth AS
SELECT
    i AS position,
    CASE fault
        WHEN 'out_of_range' THEN if(variant = 0, 'power_above_segment_ceiling', 'value_below_minimum')
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
    CAST(30000000000000 + (m + 1) * 7919 AS VARCHAR) AS meter_id,
    CASE WHEN m % 1000 = 0 THEN 'C4' ELSE 'C5' END AS segment
FROM range(getvariable('meters')) AS meters (m);
