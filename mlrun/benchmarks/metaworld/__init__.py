"""Meta-World v3 in batches: its task families, one in each file, and the benchmarks made of them."""
