"""Telling contributors what became of their deliveries, and never twice the same.

Here: what is told (`reasons`, `causes`), in which words (`letters`), by which way (`mail`), and what was
told already (`memory`). Off unless a mail server or a webhook is set.
"""
