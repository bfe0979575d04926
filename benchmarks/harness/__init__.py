"""What the benchmarks are made of: none of these modules answers a question of its own."""
