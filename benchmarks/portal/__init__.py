"""What a contributor waits for: the portal under way."""
