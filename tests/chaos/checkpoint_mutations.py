"""Damages checkpoints and makes malicious ones."""

from __future__ import annotations

import io
import os
import pickle
import random
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch._utils import _rebuild_tensor_v2

CANARY = "canary-of-code-that-ran"

_VALUES: tuple[Any, ...] = (
    *(None, True, "", "x" * 1000, 0, -1, 3.5, 2**70, float("nan"), [], {}, [1], {"a": 1}, {1: 2}, (), ("a",)),
    *(torch.zeros(0), torch.zeros(3, 3), torch.full((2,), float("nan")), torch.zeros(1, dtype=torch.int64)),
    *(torch.zeros(1).expand(10**6), torch.zeros(2, dtype=torch.complex64), torch.tensor(True), torch.zeros(())),
)


class _Code:
    """Runs a command when an unsafe loader unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {CANARY}",)


def truncate(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.choice((0, 1, 4, 100, len(content) // 2, len(content) - 1))])


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 2, 50))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def splice(path: Path, rng: random.Random) -> None:
    content, at = path.read_bytes(), rng.randrange(path.stat().st_size)
    path.write_bytes(content[:at] + rng.randbytes(rng.choice((1, 64, 5000))) + content[at + rng.choice((0, 1, 64)) :])


def other_format(path: Path, rng: random.Random) -> None:
    content = rng.choice((b"", b"\0" * 4096, b"PK\x03\x04", b"hello", b"{}", pickle.dumps({"iteration": 3})))
    path.write_bytes(content)


def code(path: Path, rng: random.Random) -> None:
    """Writes a pickle that runs code: a plain pickle, torch's old format, or a checkpoint."""
    state = {"iteration": 3, "algorithm": _Code()}
    if rng.random() < 0.3:
        path.write_bytes(pickle.dumps(state))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=rng.random() < 0.6)


def members(path: Path, rng: random.Random) -> None:
    """Drops, doubles, renames, compresses or empties a member of the archive, or adds one with a path outside."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    victim = rng.choice(list(content))
    what = rng.choice(("drop", "double", "rename", "outside", "compress", "empty"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if what == "compress" else zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            if name != victim or what in ("double", "outside", "compress"):
                archive.writestr(zipfile.ZipInfo(name), data)
            elif what != "drop":
                archive.writestr(zipfile.ZipInfo(name + "x" if what == "rename" else name), b"")
        if what == "outside":
            archive.writestr("../../outside/evil", b"evil")
        if what == "double":
            assert archive.fp is not None
            archive.fp.write(content[victim])


def bomb(path: Path, rng: random.Random) -> None:
    """Makes one member a few MB that unpack to 20 GB of zeros."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(2**24)) + compressor.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    victim = rng.choice(list(content))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, block * 1200 if name == victim else data)
        info = archive.getinfo(victim)
        info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 1200 * 2**24


def claims(path: Path, rng: random.Random) -> None:
    """Writes a tensor whose size, stride or offset reaches beyond its data."""
    huge = rng.choice((2**62, 2**40, 2**33, 10**9, 10**7, 100, -5))
    numel, size, stride, offset = rng.choice(
        (
            (huge, (3,), (1,), 0),
            (3, (huge,), (1,), 0),
            (3, (3,), (huge,), 0),
            (3, (3,), (1,), huge),
            (huge, (huge,), (1,), 0),
        )
    )
    _write_crafted(path, numel, size, stride, offset)


def values(path: Path, rng: random.Random) -> None:
    """Changes values in a checkpoint and saves it correctly."""
    state = torch.load(path, weights_only=True)
    for _ in range(rng.choice((1, 1, 1, 3))):
        _change(state, rng)
    torch.save(rng.choice(_VALUES) if rng.random() < 0.03 else state, path)


CHECKPOINTS: tuple[Callable[[Path, random.Random], None], ...] = (
    *(truncate, flip, splice, other_format, code, members, bomb, claims, claims),
    *(values, values, values, values, values, values),
)


def _change(state: dict[Any, Any], rng: random.Random) -> None:
    section: Any = state
    while True:
        key = rng.choice(list(section))
        inner = section[key]
        if not isinstance(inner, dict) or not inner or rng.random() < 0.15:
            break
        section = inner
    change = rng.choice(("replace", "replace", "delete", "rename", "twist"))
    value = section.pop(key) if change in ("delete", "rename") else section[key]
    if change == "replace":
        section[key] = rng.choice(_VALUES)
    elif change == "rename":
        section[rng.choice(("x", "", 0, None, ("a",), f"{key}s"))] = value
    elif change == "twist":
        section[key] = _twisted(value, rng)


def _twisted(value: Any, rng: random.Random) -> Any:
    if isinstance(value, torch.Tensor):
        return rng.choice(
            (value.double(), value.flatten(), value[None], value.half(), value * float("inf"), value.tolist())
        )
    if isinstance(value, int | float):
        return rng.choice((-value, value + 1, value + 1000, str(value), float(value), [value]))
    return [value]


class _Pickler(pickle.Pickler):
    """Writes storages in the way of torch."""

    def persistent_id(self, obj: Any) -> Any:
        return obj.reference if isinstance(obj, _Storage) else None


class _Storage:
    def __init__(self, numel: int) -> None:
        self.reference = ("storage", torch.FloatStorage, "0", "cpu", numel)


class _Tensor:
    def __init__(self, numel: int, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> None:
        self.arguments = (_Storage(numel), offset, size, stride, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, self.arguments


def _write_crafted(path: Path, numel: int, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> None:
    state = torch.load(path, weights_only=True)
    iteration = {key: value for key, value in state.items() if key != "algorithm"}
    file = io.BytesIO()
    _Pickler(file, 2).dump({**iteration, "algorithm": {"parameters": {"0.bias": _Tensor(numel, size, stride, offset)}}})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("000003/data.pkl", file.getvalue())
        archive.writestr("000003/byteorder", "little")
        archive.writestr("000003/data/0", bytes(12))
        archive.writestr("000003/version", "3\n")
