"""Models that are hard to clone or to batch, in float64, with 3 input features and 2 outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class Tied(nn.Module):
    """Two layers share a weight, two containers share a layer, and a list and a tuple hold parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(3, 4)
        self.decode = nn.Linear(4, 3)
        self.decode.weight = nn.Parameter(torch.randn(3, 4))
        self.again = nn.Linear(4, 3)
        self.again.weight = self.decode.weight
        self.head = nn.Linear(3, 2)
        self.containers = nn.ModuleList([nn.Sequential(self.head), self.encode])
        self.listed = [self.head.bias]
        self.paired = (self.encode.bias, "a name")
        self.bound = self.shift

    def shift(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.listed[0].sum() + self.paired[0].mean()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.encode(x))
        return self.bound(self.containers[0](self.decode(x) * torch.sigmoid(self.again(x))))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x.unsqueeze(1))[0][:, -1])


class Convolutional(nn.Module):
    """Has BatchNorm, and a buffer that every call replaces by a new tensor."""

    count: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, 4, 2)
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(8, 2)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count = self.count + 1
        return self.head(torch.relu(self.norm(self.convolution(x.unsqueeze(1)))).flatten(1))


class Branching(nn.Module):
    """Has a branch that depends on values, which vmap cannot batch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        return y.tanh() if y.sum() > 0 else y.exp()


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor, z: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.layer(torch.cat((x, z), -1)), {"sum": x + z}


def perceptron() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(3, 5), nn.Tanh(), nn.Sequential(nn.Linear(5, 4, bias=False), nn.ELU()), nn.Linear(4, 2)
    )


MODELS: dict[str, Callable[[], nn.Module]] = {
    "perceptron": perceptron,
    "tied": Tied,
    "normalised": lambda: nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 2)),
    "convolutional": Convolutional,
    "recurrent": Recurrent,
    "branching": Branching,
}


def make(name: str) -> Any:
    torch.manual_seed(0)
    return MODELS[name]().double()


def data(num_tasks: int = 3, num_samples: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets ``(tasks, samples, ...)``."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(num_tasks, num_samples, 3, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(num_tasks, num_samples, 2, generator=generator, dtype=torch.float64)


def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.mse_loss(outputs, targets)


def gradients(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.grad for name, tensor in module.named_parameters() if tensor.grad is not None}
