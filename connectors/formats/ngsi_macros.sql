-- Macros that read one attribute of an NGSI-LD entity, whichever of its three forms it has.
-- grain: one JSON value in, one JSON or text value out; absent in, NULL out.
-- source: ETSI GS CIM 009 (normalised, concise and simplified representations); GeoJSON (RFC 7946).

-- Whether the attribute is wrapped: normalised says its type, concise has a value beside sub-attributes.
CREATE OR REPLACE TEMP MACRO ngsi_is_wrapped(attribute) AS -- noqa: CP05
json_type(attribute) = 'OBJECT'
AND (
    (attribute ->> '$.type') IN (
        'Property', 'Relationship', 'GeoProperty', 'LanguageProperty', 'VocabProperty', 'JsonProperty', 'ListProperty'
    )
    OR (
        NOT json_exists(attribute, '$.type')
        AND (json_exists(attribute, '$.value') OR json_exists(attribute, '$.object'))
    )
);

-- The attribute's own value, unwrapped.
CREATE OR REPLACE TEMP MACRO ngsi_value(attribute) AS -- noqa: CP05
CASE
    WHEN ngsi_is_wrapped(attribute)
        THEN coalesce(
            attribute -> '$.value', attribute -> '$.object', attribute -> '$.languageMap',
            attribute -> '$.vocab', attribute -> '$.json', attribute -> '$.valueList'
        )
    ELSE attribute
END;

-- A JSON value as text: a list of one is its element, a longer list is joined, a typed date is its value.
CREATE OR REPLACE TEMP MACRO ngsi_text(found) AS -- noqa: CP05
CASE json_type(found)
    WHEN 'NULL' THEN NULL
    WHEN 'ARRAY' THEN array_to_string(found ->> '$[*]', ',')
    WHEN 'OBJECT' THEN coalesce(found ->> '$."@value"', cast(found AS VARCHAR))
    ELSE found ->> '$'
END;

-- A sub-attribute of the wrapper (observedAt, unitCode), or else a member of the value.
CREATE OR REPLACE TEMP MACRO ngsi_member(attribute, own_value, member_path) AS -- noqa: CP05
coalesce(
    CASE WHEN ngsi_is_wrapped(attribute) THEN ngsi_value(json_extract(attribute, member_path)) END,
    json_extract(own_value, member_path)
);
