"""One contract compiled many ways. Here: to SQL, pandera and Great Expectations. Not here: any data."""
