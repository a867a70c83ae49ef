"""Mutates configurations."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import yaml

CANARY = "canary-of-code-that-ran"
"""Code in a configuration makes this file in the working directory if it ever runs."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", "on", "no", "~", "null", "maml", "trpo", "adam", "ml1/push-v3", "sinusoid", "cuda"),
    *(0, -1, 1, 2, 3.0, 0.5, 1e-300, 1e308, -0.0, float("nan"), float("inf"), 2**31, 2**32, 2**63, 2**64, 10**40),
    *("1e3", "1_000", "0x1F", "12:30", "1.", ".5", "+1", "1e400", "9" * 5000, "0b1", "½", "٣", "１２"),
    *([], {}, [[]], [1], [1, 2], [0.1, 0.2], [-1], ["a"], [None], [True], [[1], [2]], list(range(1000)), {"a": 1}),
    *({"name": "maml"}, {"name": None}, {"name": ["maml"]}, {"name": {}}, {"": 1}, {"__class__": "x"}),
    *("x" * 70, "y" * 30_000, "a\nb", "a\tb", "\u202eabc", "🦾", "é" * 40, "\x85", "\u2028", "\ufeff", "\\x00"),
    *("../../tmp/x", "/etc/passwd", "a/b", ".", "..", "-rf", "$(touch canary)", "%s%n", "{0}", "{x.__class__}"),
)
KEYS = (
    *("", " ", "name", "seed", "__class__", "model_config", "inner", "outer", "training", "horizont", "Name", "naме"),
    *("x" * 300, "a.b", "a b", "a\nb", "[0]", "é", "🦾", "\u202e", "0", "null", "true", "<<", "=", "*", "&"),
)
FRAGMENTS = (
    *("\0", "\t", "\r", "\r\n", "\x07", "\x1b[31m", "\x85", "\u2028", "\ufeff", "\ud7ff", "\ufffe", "\x7f", "🦾"),
    *("---\n", "...\n", "%YAML 1.1\n---\n", "%TAG ! x\n", "# ", "? ", "- ", ": ", "| ", "> ", "|\n", "@", "`", "!"),
    *("&a ", "*a", "<<: *a\n", "{", "}", "[", "]", "'", '"', "\\", ",", ":", "=", "!!binary ", "!!set ", "!!null ''"),
    *(f"!!python/object/apply:os.system ['touch {CANARY}']", f"!!python/object/new:os.mkdir [{CANARY}]"),
    *("!!python/name:os.system ", "!!python/module:os ", "!!timestamp 2020-01-01", "!!int 'x'", "!!float .nan"),
    *("9" * 5000, "0x" + "f" * 4000, "1e999999999", "-.inf", ".nan", "0o777", "1:2:3", "1_0", "+.5e-3", "2020-01-01"),
    *("[" * 500, "{a: " * 500, "- " * 500, "? " * 200, "x" * 40_000, "a: 1\n" * 2_000, "[" + "1," * 20_000 + "]"),
)


def mutated(base: dict[str, Any], rng: random.Random) -> bytes:
    """Makes one to three changes to a valid experiment. Returns the bytes of the file."""
    rounds = rng.choice((1, 1, 1, 2, 3))
    tree = json.loads(json.dumps(base))
    for _ in range(rng.randint(0, rounds)):
        rng.choice(_TREE)(tree, rng)
        rounds -= 1
    text = _written(tree, rng)
    for _ in range(rounds):
        text = rng.choice(_TEXT)(text, rng)
    return _encoded(text, rng)


def mutated_setting(base: dict[str, Any], rng: random.Random) -> str:
    """An override, mostly of a key that exists."""
    section, key = _somewhere(base, rng)
    path = next((f"{name}." for name, part in base.items() if part is section), "")
    value = rng.choice((*VALUES, *FRAGMENTS))
    text = value if isinstance(value, str) else json.dumps(value)
    written = rng.choice((f"{path}{key}={text}", f"{path}{key}{text}", f"{key}.{path}={text}", f"{path}{key}.x={text}"))
    return written.replace("\0", "")  # an argument cannot contain it


def _somewhere(tree: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """A random section, and a random key in it."""
    section: dict[str, Any] = tree
    while True:
        key = rng.choice(list(section) or ["name"])
        inner = section.get(key)
        if not isinstance(inner, dict) or rng.random() < 0.2:
            return section, key
        section = inner


def _replace(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    section[key] = rng.choice(VALUES)


def _scale(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    value = section.get(key)
    if isinstance(value, int | float):
        section[key] = value * rng.choice((-1, 0, 10, 10**6, 10**18, 0.5, 1e300))


def _delete(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    section.pop(key, None)


def _rename(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    value = section.pop(key, None)
    section[rng.choice((key.upper(), key[:-1], key + "s", key[::-1], *KEYS))] = value


def _add(tree: dict[str, Any], rng: random.Random) -> None:
    section, _ = _somewhere(tree, rng)
    section[rng.choice(KEYS)] = rng.choice(VALUES)


def _wrap(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    value = section.get(key)
    for _ in range(rng.choice((1, 1, 2, 15, 25, 60))):
        value = rng.choice(([value], {key: value}))
    section[key] = value


def _move(tree: dict[str, Any], rng: random.Random) -> None:
    section, key = _somewhere(tree, rng)
    other, place = _somewhere(tree, rng)
    value = section.pop(key, None)
    if other is not value:
        other[place] = json.loads(json.dumps(value))


_TREE: tuple[Callable[[dict[str, Any], random.Random], None], ...] = (
    *(_replace, _replace, _replace),
    *(_scale, _delete, _rename, _add, _wrap, _move),
)


def _written(tree: dict[str, Any], rng: random.Random) -> str:
    style = rng.random()
    if style < 0.2:
        return json.dumps(tree, ensure_ascii=rng.random() < 0.5)
    flow = True if style < 0.3 else None if style < 0.5 else False
    try:
        return yaml.safe_dump(tree, sort_keys=False, allow_unicode=rng.random() < 0.5, default_flow_style=flow)
    except RecursionError:
        return json.dumps(tree)


def _insert(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(FRAGMENTS) + text[at:]


def _instead_of_a_value(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = lines[at].split(":")[0] + ": " + rng.choice(FRAGMENTS)
    return "\n".join(lines)


def _cut(text: str, rng: random.Random) -> str:
    begin = rng.randint(0, len(text))
    return text[:begin] + text[begin + rng.choice((1, 2, 10, len(text))) :]


def _shuffle(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def _double(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    return "\n".join([*lines[:at], *lines[at : at + 1] * rng.choice((2, 3, 500)), *lines[at + 1 :]])


def _indent(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = rng.choice((" ", "   ", "\t", "\u00a0", " " * 3000)) + lines[at]
    return "\n".join(lines)


def _alias_bomb(text: str, rng: random.Random) -> str:
    levels = [f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}" if n else "x"] * 9) + "]" for n in range(12)]
    return "\n".join([*levels, text]) if rng.random() < 0.5 else text + "\n" + "\n".join(levels)


_TEXT: tuple[Callable[[str, random.Random], str], ...] = (
    *(_insert, _insert, _instead_of_a_value, _instead_of_a_value),
    *(_cut, _shuffle, _double, _indent, _alias_bomb),
)


def _encoded(text: str, rng: random.Random) -> bytes:
    encoding = rng.choice(("utf-8",) * 12 + ("utf-16", "latin-1", "utf-8-sig", "cp500"))
    content = text.encode(encoding, errors="surrogatepass" if encoding.startswith("utf") else "replace")
    if rng.random() < 0.05 and content:
        at = rng.randrange(len(content))
        content = content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
    return content
