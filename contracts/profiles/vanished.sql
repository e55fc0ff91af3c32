-- Objects of the last accepted register that this delivery no longer has.
-- grain: one row. keys: none. units: counts of objects; absent lists the first keys that vanished.
-- source: before(series) and present(series) are distinct keys, given(named): how many to list.
SELECT
    count(*) AS known_before,
    count(*) FILTER (present.series IS NULL) AS vanished,
    list_slice(
        list(before.series ORDER BY before.series) FILTER (present.series IS NULL), 1, any_value(given.named)
    ) AS absent
FROM before
CROSS JOIN given
LEFT JOIN present ON before.series = present.series
