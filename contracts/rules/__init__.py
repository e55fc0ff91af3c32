"""Rules as data: what is asked of rows and of deliveries, and the words that explain each rule."""
