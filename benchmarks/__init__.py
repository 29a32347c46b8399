"""Benchmarks of accuracy, speed, size and growth: `python -m benchmarks --help`.

Each benchmark is a module with a function `run` and a command in `__main__`. `run` returns one JSON-ready dictionary,
from which the terminal output is made. `gate` compares the scores of `accuracy` with `floors.json`.
"""
