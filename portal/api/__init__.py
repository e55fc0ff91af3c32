"""The portal as a server: pages, trying a file, depositing one.

Here: routes, tokens, limits, uploads. Not here: judging or landing, which `pipelines/serve` hands in.
"""
