"""Contracts: the promise a contributor makes, and the two gates that judge deliveries by it."""
