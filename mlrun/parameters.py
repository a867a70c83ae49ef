"""What is learned: named tensors."""

import torch

Parameters = dict[str, torch.Tensor]
"""Meta-parameters ``(...)``, or one set of weights per task ``(tasks, ...)``."""
