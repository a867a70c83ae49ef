"""One experiment from start to finish: the loop, the evaluation protocol, and what they leave on disk."""
