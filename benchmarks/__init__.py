"""How good and how fast dedup is, beside its peers in the same run: `python -m benchmarks --help`.

`accuracy` is the benchmark there is; each benchmark is one module and one command in `__main__`. Its result is one
JSON-ready dictionary with everything in it, and what is shown on the terminal is drawn from that dictionary alone.
`gate` holds its scores against `floors.json`.
"""
