"""Connectors: how bytes arrive (transports), how they become tables (formats), and landing."""
