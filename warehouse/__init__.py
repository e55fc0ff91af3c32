"""The warehouse: the lake, its models and the indicators."""
