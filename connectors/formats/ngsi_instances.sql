-- The attributes of ngsi_found with one row for each data set of each entity.
-- grain: entity and data set (datasetId, empty for none), numbered in order from 0 as position.
-- keys: position. units: none, JSON as sent.
-- source: ETSI GS CIM 009, attributes given several times over, told apart by datasetId.
WITH instanced AS (
    SELECT
        position,
        list_transform(attributes, LAMBDA one: ngsi_instances(one)) AS instances
    FROM ngsi_found
),

named AS (
    SELECT
        position,
        instances,
        list_sort(list_distinct(flatten(list_transform(instances, LAMBDA each: ngsi_datasets(each))))) AS datasets
    FROM instanced
),

spread AS (
    SELECT
        position,
        instances,
        unnest(CASE WHEN len(datasets) > 0 THEN datasets ELSE [''] END) AS dataset
    FROM named
)

SELECT
    row_number() OVER (ORDER BY position, dataset) - 1 AS position,
    list_transform(instances, LAMBDA each: ngsi_instance(each, dataset)) AS attributes
FROM spread;
