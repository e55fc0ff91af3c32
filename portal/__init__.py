"""The portal: everything a person reads."""
