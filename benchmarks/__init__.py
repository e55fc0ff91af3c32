"""Speed and memory, measured as whole processes; never part of the tests."""
