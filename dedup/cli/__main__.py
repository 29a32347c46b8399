"""`python -m dedup.cli` is the command `dedup`."""

from dedup.cli import main

main()
