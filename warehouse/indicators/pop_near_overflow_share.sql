-- pop_near_overflow_share: inhabitants who live near a container that overflows, of those who live near one.
-- numerator, denominator: inhabitants; coverage: container-hours observed near the zone's cells of those in the period
WITH state AS (
    SELECT
        container_day.container_id,
        any_value(container_day.contributor) AS contributor,
        period.period_grain,
        period.period_start,
        sum(container_day.hold_s) AS hold_s,
        sum(container_day.asked_s) AS asked_s,
        sum(container_day.full_s) > getvariable('full_share') * sum(container_day.hold_s) AS is_overflowing
    FROM container_day
    INNER JOIN period ON container_day.day = period.day
    GROUP BY container_day.container_id, period.period_grain, period.period_start
),

neighbour AS (
    SELECT
        zone_cell.zone_scale,
        zone_cell.zone,
        zone_cell.cell_id,
        any_value(zone_cell.population) AS population,
        state.period_grain,
        state.period_start,
        bool_or(state.is_overflowing) AS is_overflowing
    FROM zone_cell
    INNER JOIN near_container ON zone_cell.cell_id = near_container.cell_id
    INNER JOIN state ON near_container.container_id = state.container_id
    GROUP BY zone_cell.zone_scale, zone_cell.zone, zone_cell.cell_id, state.period_grain, state.period_start
),

watched AS (
    SELECT
        near_zone.zone_scale,
        near_zone.zone,
        state.period_grain,
        state.period_start,
        count(DISTINCT state.contributor) AS n_contributors,
        sum(state.hold_s) / 3600 AS n_observed,
        sum(state.asked_s) / 3600 AS n_expected
    FROM (
        SELECT DISTINCT
            zone_cell.zone_scale,
            zone_cell.zone,
            near_container.container_id
        FROM zone_cell
        INNER JOIN near_container ON zone_cell.cell_id = near_container.cell_id
    ) AS near_zone
    INNER JOIN state ON near_zone.container_id = state.container_id
    GROUP BY near_zone.zone_scale, near_zone.zone, state.period_grain, state.period_start
)

SELECT
    neighbour.zone_scale,
    neighbour.zone,
    neighbour.period_grain,
    neighbour.period_start,
    coalesce(sum(neighbour.population) FILTER (WHERE neighbour.is_overflowing), 0) AS numerator,
    sum(neighbour.population) AS denominator,
    any_value(watched.n_contributors) AS n_contributors,
    any_value(watched.n_observed) AS n_observed,
    any_value(watched.n_expected) AS n_expected
FROM neighbour
INNER JOIN watched
    ON
        neighbour.zone_scale = watched.zone_scale
        AND neighbour.zone = watched.zone
        AND neighbour.period_grain = watched.period_grain
        AND neighbour.period_start = watched.period_start
GROUP BY neighbour.zone_scale, neighbour.zone, neighbour.period_grain, neighbour.period_start
