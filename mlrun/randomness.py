"""Randomness without state: every random number is a function of where in the experiment it is used."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch


@dataclass(frozen=True)
class RandomKey:
    """Names one use of randomness in an experiment.

    The key and a task slot make a generator, which is used once. So a resumed run has no generator to restore. A
    task draws the same numbers however the meta-batch is divided among processes.

    Attributes:
        seed: the experiment's seed.
        iteration: the meta-iteration, or 0 where there is none.
        purpose: what the numbers are for, for example ``"tasks"`` or ``"support/0"``.
        first_slot: the position in the meta-batch of this process's first task. Slots count from there.
    """

    seed: int
    iteration: int
    purpose: str
    first_slot: int = 0

    def child(self, purpose: str) -> RandomKey:
        """The key of a part of this purpose."""
        return replace(self, purpose=f"{self.purpose}/{purpose}")

    def generator(self, slot: int = 0) -> torch.Generator:
        """A new torch generator for one task slot. Torch uses 32 bits of its seed, so two keys may rarely share one."""
        return torch.Generator().manual_seed(int(self._sequence(slot).generate_state(1, np.uint64)[0]))

    def numpy_generator(self, slot: int = 0) -> np.random.Generator:
        """A new numpy generator for one task slot. Its state has 128 bits."""
        return np.random.Generator(np.random.PCG64(self._sequence(slot)))

    def normal(self, slots: int, shape: tuple[int, ...]) -> torch.Tensor:
        """Standard normal float32 numbers ``(slots, *shape)``. Each slot has a generator of its own."""
        noise = np.stack([self.numpy_generator(slot).standard_normal(shape, np.float32) for slot in range(slots)])
        return torch.from_numpy(noise)

    def uniform(self, slots: int, shape: tuple[int, ...]) -> torch.Tensor:
        """Uniform float32 numbers in [0, 1), ``(slots, *shape)``. A slot's do not depend on the number of slots.

        One generator serves all slots. If a slot draws few numbers, that is twice as fast as one for each, as in
        `normal`.
        """
        whole = replace(self, first_slot=0).numpy_generator().random((self.first_slot + slots, *shape), np.float32)
        return torch.from_numpy(whole[self.first_slot :])

    def _sequence(self, slot: int) -> np.random.SeedSequence:
        purpose = int.from_bytes(self.purpose.encode(), "big")
        return np.random.SeedSequence(entropy=purpose, spawn_key=(self.seed, self.iteration, self.first_slot + slot))
