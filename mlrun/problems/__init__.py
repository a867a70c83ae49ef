"""What algorithms adapt to: reinforcement learning and supervised learning on the tasks of a benchmark."""
