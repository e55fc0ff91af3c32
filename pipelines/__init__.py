"""Pipelines: Dagster definitions made from contracts, and the command line."""
