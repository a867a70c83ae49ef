"""The loop of meta-training, the evaluation protocol, and how an experiment becomes objects."""
