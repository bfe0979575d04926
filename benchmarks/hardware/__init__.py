"""The hardware check: proves and measures the package on a machine with many cores and a card.

`python -m benchmarks.hardware` in a checkout runs all of it; CONTRIBUTING.md tells how.
"""
