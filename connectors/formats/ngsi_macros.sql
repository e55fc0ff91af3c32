-- Macros that read one attribute of an NGSI-LD entity, whichever of its three forms it has.
-- grain: one JSON value in, one JSON or text value out; absent in, NULL out.
-- source: ETSI GS CIM 009 (normalised, concise and simplified representations); GeoJSON (RFC 7946).
-- `parts` are the attribute's members, taken out in one go: type, value, object, languageMap, vocab, json, valueList.

-- Whether a type is one that NGSI-LD wraps attributes in.
CREATE OR REPLACE TEMP MACRO ngsi_wraps(type_name) AS -- noqa: CP05
type_name IN (
    'Property', 'Relationship', 'GeoProperty', 'LanguageProperty', 'VocabProperty', 'JsonProperty', 'ListProperty'
);

-- The attribute's own value: normalised says its type, concise has a value beside sub-attributes, else it is bare.
CREATE OR REPLACE TEMP MACRO ngsi_value(attribute, parts) AS -- noqa: CP05
CASE
    WHEN ngsi_wraps(parts[1] ->> '$') OR (parts[1] IS NULL AND (parts[2] IS NOT NULL OR parts[3] IS NOT NULL))
        THEN coalesce(parts[2], parts[3], parts[4], parts[5], parts[6], parts[7])
    ELSE attribute
END;

-- A JSON value as text: a list of one is its element, a longer list is joined, a typed date is its value.
CREATE OR REPLACE TEMP MACRO ngsi_text(found) AS -- noqa: CP05
CASE json_type(found)
    WHEN 'NULL' THEN NULL
    WHEN 'ARRAY' THEN array_to_string(found ->> '$[*]', ',')
    WHEN 'OBJECT'
        THEN coalesce(
            found ->> '$."@value"', found ->> '$.value."@value"',
            CASE WHEN ngsi_wraps(found ->> '$.type') THEN found ->> '$.value' END,
            cast(found AS VARCHAR)
        )
    ELSE found ->> '$'
END;

-- The instances of an attribute that is given several times over (told apart by datasetId), or the attribute alone.
CREATE OR REPLACE TEMP MACRO ngsi_instances(attribute) AS -- noqa: CP05
CASE
    WHEN json_type(attribute) = 'ARRAY' AND ngsi_wraps(attribute ->> '$[0].type') THEN attribute -> '$[*]'
    ELSE [attribute]
END;

-- The data sets that an attribute is given for: none where it is given once, for all of them.
CREATE OR REPLACE TEMP MACRO ngsi_datasets(instances) AS -- noqa: CP05
CASE
    WHEN len(instances) > 1
        THEN list_transform(instances, LAMBDA one: coalesce(one ->> '$.datasetId', ''))
    ELSE []
END;

-- The instance of one data set, else the instance without a data set, else none.
CREATE OR REPLACE TEMP MACRO ngsi_instance(instances, dataset) AS -- noqa: CP05
coalesce(
    list_filter(instances, LAMBDA one: coalesce(one ->> '$.datasetId', '') = dataset)[1],
    list_filter(instances, LAMBDA one: one ->> '$.datasetId' IS NULL)[1]
);
