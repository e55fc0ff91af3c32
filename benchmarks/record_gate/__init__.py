"""Speed and memory of gate 1 on many meter readings, beside DuckDB's own copy and dataframely."""
