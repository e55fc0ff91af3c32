"""Disclosure control: which values about persons may leave, and the audit of what is about to."""
