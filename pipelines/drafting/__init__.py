"""A first contract from real files: looked at, matched with a standard, written with every guess marked."""
