"""Indicators: what is measured from the lake, how, and how sure.

Here: definitions (YAML) with their SQL, the value table, the référentiel. Not here: what of it may be
published (`publishing`) or how it is shown (`portal`).
"""
