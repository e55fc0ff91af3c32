"""Publishing: the only way out of the pool."""
