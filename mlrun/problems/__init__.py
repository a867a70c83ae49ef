"""The learning problems that algorithms adapt to: episodes, reinforcement learning, supervised learning."""
