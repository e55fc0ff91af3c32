"""`python -m pipelines.cli` is `regie`."""

from pipelines.cli import main

main()
