"""The meta-training loop, the evaluation protocol, and what makes objects from an experiment."""
