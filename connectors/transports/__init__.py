"""How bytes arrive: one module a transport, each giving the same small result.

Here: http, folder, the guard of addresses. Not here: keeping the bytes (`connectors/landing`).
"""
