import math
from typing import Any

import pytest
import yaml

from mlrun.config import ConfigError
from mlrun.config.reading.document import Place
from mlrun.config.reading.yaml_loader import CoreDumper, parse

START = Place(0, 1, "x.yaml")


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, START)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("1.0e-05", 1e-5),
        (".5", 0.5),
        ("-1.", -1.0),
        ("12", 12),
        ("+3", 3),
        ("-0", 0),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        *((word, word) for word in ("on", "off", "yes", "no", "y", "N", "tRue", "nULL", "nan", "inf")),
        *(
            (word, word)
            for word in ("12:30", "1_000", "2026-11-23", "0b1", "0O17", "-0x1", "1e", ".", "<<", "=", "1,5")
        ),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
    ],
)
def test_scalars_of_yaml_1_2(text: str, expected: Any) -> None:
    value = parse(f"key: {text}", START).value["key"]
    assert value == expected
    assert type(value) is type(expected)


def test_not_a_number() -> None:
    assert math.isnan(parse("key: .NaN", START).value["key"])


@pytest.mark.parametrize("text", ["9" * 5000, "0x" + "f" * 5000])
def test_number_beyond_all_bounds_stays_text(text: str) -> None:
    assert parse(f"key: {text}", START).value["key"] == text


@pytest.mark.parametrize(
    "text", ["on", "1e3", "0o17", "true", "~", "", "12:30", "1_000", "a: b", "# c", "é", "- x", "\t"]
)
def test_dumped_text_stays_text(text: str) -> None:
    assert parse(yaml.dump({"key": text}, Dumper=CoreDumper, allow_unicode=True), START).value == {"key": text}


def test_places_of_nested_keys_and_entries() -> None:
    document = parse("# comment\na:\n  b: [1,\n      2]\n\n  c: {d: 3}\ne:\n  - 4\n  - 5\n", START)
    lines = {path: place.line for path, place in document.places.items()}
    assert lines == {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "b", 0): 3,
        ("a", "b", 1): 4,
        ("a", "c"): 6,
        ("a", "c", "d"): 6,
        ("e",): 7,
        ("e", 0): 8,
        ("e", 1): 9,
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_and_byte_order_mark(ending: str) -> None:
    document = parse("\ufeff" + ending.join(["a: 1", "b: 2"]), START)
    assert document.value == {"a": 1, "b": 2}
    assert document.places["b",].line == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2", "x.yaml:2: a: the key is written twice (first on line 1); keep one of them"),
        ("a:\n  b: 1\n  c: 2\n  b: 1", "x.yaml:4: a.b: the key is written twice (first on line 2); keep one of them"),
        ("{a: 1, 'a': 2}", "x.yaml:1: a: the key is written twice (first on line 1); keep one of them"),
        ("a: 1\n5: 2", "x.yaml:2: a key must be a name, not 5"),
        ("a: 1\n? [b]\n: 2", "x.yaml:2: a key must be a name, not a list or section"),
    ],
)
def test_unusable_keys_are_noted_and_the_rest_is_read(text: str, expected: str) -> None:
    document = parse(text, START)
    assert [str(mistake) for _, mistake in document.mistakes] == [expected]
    assert document.value in ({"a": 1}, {"a": {"b": 1, "c": 2}})


def test_section_written_twice_counts_as_one() -> None:
    assert parse("a: {b: 1, c: 2}\na: {c: 3, d: 4}", START).value == {"a": {"b": 1, "c": 2, "d": 4}}


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a:\n\tb: 1", 2, "a tab character"),
        ("a:\t1", 1, "a tab character"),
        ("a: 1\n b: 2", 2, "a ':' that cannot be here"),
        ("a: b: c", 1, "a ':' that cannot be here"),
        ("a: - b", 1, "write the list as [a, b]"),
        ("a: 1\nb\nc: 2", 2, "a line without 'key: value'"),
        ("a:\n  b: 1\n c: 2", 3, "check indentation and quotes"),
        ("a: 1\nb: [1,\nc: 2\n", 2, "a bracket that is never closed"),
        ("a: 1\nb: 'x\nc: 2\n", 2, "a quote that is never closed"),
        ("a: ]", 1, "a value is missing before ']'"),
        ("a: @x", 1, "'@' cannot start a value; put the value in quotes"),
        ('a: "\\q"', 1, "use single quotes"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("a: 1\n...\nb: 2", 3, "text that belongs to nothing"),
        ("a: 1\nb: \x00", 2, "code 0x0"),
        ("a: &x [1]\nb: *x", 1, "anchors and aliases are not supported"),
        ("a: *x", 1, "anchors and aliases are not supported"),
        ("a: !!python/object:os.system x", 1, "tags are not supported"),
        ("a: !!int 3", 1, "tags are not supported"),
        ("[" * 5000, 1, "nested more than 20 levels deep"),
        ("a: " + "{a: " * 5000, 1, "nested more than 20 levels deep"),
    ],
)
def test_unreadable_text_costs_one_line(text: str, line: int, part: str) -> None:
    message = complaint(text)
    assert message.startswith(f"x.yaml:{line}: ")
    assert part in message
    assert "\n" not in message


def test_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert complaint(bomb) == "x.yaml:1: anchors and aliases are not supported; write the value out"
