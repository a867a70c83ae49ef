"""Meta-World's ML1: one manipulation problem, 50 train and 50 test goals, and the goal hidden from the policy."""
