"""The results of a run on one machine: `python -m benchmarks.results` measures and writes them."""
