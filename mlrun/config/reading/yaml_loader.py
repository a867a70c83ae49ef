"""A strict YAML parser that keeps the line number of every key and value.

PyYAML reads YAML 1.1 by default. There ``on`` and ``no`` are booleans, ``12:30`` is a number, and ``1e-3`` is a string.
This parser reads scalars by the core schema of YAML 1.2.2 (section 10.3.2). It refuses duplicate keys, tags, anchors
and aliases. An experiment does not need them, and they can hide from a reader what the experiment is.
"""

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlrun.config.reading.document import ConfigError, Document, KeyPath, Mistake, Place, printable

_MAX_DEPTH = 20
_MAX_DIGITS = 64

_NULL, _BOOL, _INT, _FLOAT, _STR = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str"))

_CORE_SCALARS = {
    _NULL: r"null|Null|NULL|~|",
    _BOOL: r"true|True|TRUE|false|False|FALSE",
    _INT: r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    _FLOAT: r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}

# Patterns in the messages of PyYAML's parser, and what to tell the user instead.
_EXPLANATIONS = (
    (r"'\\t'", "a tab character; indent and separate with spaces"),
    (r"mapping values are not allowed here", "a ':' that cannot be here; check the indentation, or quote the value"),
    (r"sequence entries are not allowed here", "a list entry '- ' that cannot be here; write the list as [a, b]"),
    (r"could not find expected ':'", "a line without 'key: value'"),
    (r"expected <block end>|<document start>", "text that belongs to nothing; check indentation and quotes"),
    (r"expected ',' or '[\]}]'", "a bracket that is never closed"),
    (r"expected the node content, but found ('.')", r"a value is missing before \1"),
    (r"unexpected end of stream", "a quote that is never closed"),
    (r"found another document", "a second document; one file holds one experiment"),
    (r"unknown escape character", "a backslash in double quotes; use single quotes"),
    (r"found character ('.') that cannot start any token", r"\1 cannot start a value; put the value in quotes"),
)


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that is not supported here."""


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of YAML 1.2. It refuses anchors, aliases, tags and deep nesting."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (an attribute of PyYAML; empty, without the scalars of YAML 1.1)
    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            raise _Refused(None, None, "anchors and aliases are not supported; write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _Refused(None, None, "tags are not supported; write the plain value", event.start_mark)
        if self._depth > _MAX_DEPTH:
            raise _Refused(None, None, f"nested more than {_MAX_DEPTH} levels deep", event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class CoreDumper(yaml.SafeDumper):
    """Writes YAML that YAML 1.2 readers read as it was meant. Lists go on one line."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (an attribute of PyYAML)


for _tag, _pattern in _CORE_SCALARS.items():
    for _class in (_CoreLoader, CoreDumper):
        _class.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), None)
CoreDumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def parse(text: str, start: Place, base: KeyPath = ()) -> Document:
    """Parse YAML text.

    Args:
        text: One YAML document.
        start: Where the text begins.
        base: The path of the text's root in the whole configuration.

    Returns:
        The values and their places. Its mistakes are duplicate keys and keys that are not names.

    Raises:
        ConfigError: The text is not YAML, or uses YAML that is not supported here.
    """
    document = Document(None, start)
    try:
        node = _CoreLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_mistake(error, start)]) from None
    except yaml.reader.ReaderError as error:
        place = start.at(text.count("\n", 0, error.position) + 1)
        message = f"a character that text may not contain, code {error.character:#x}"
        raise ConfigError([Mistake(place.source, place.line, "", message)]) from None
    if node is None:
        document.texts[base] = ""
    else:
        document.value = _Builder(document).build(node, base)
    return document


def _syntax_mistake(error: yaml.MarkedYAMLError, start: Place) -> Mistake:
    problem = error.problem or str(error)
    # An open bracket or quote, or a line without ':', is noticed only later in the text: point at where it began.
    began_earlier = re.search(r"could not find expected ':'|expected ',' or|unexpected end of stream", problem)
    mark = (error.context_mark if began_earlier else None) or error.problem_mark
    place = start.at(mark.line + 1) if mark else start
    if isinstance(error, _Refused):
        return Mistake(place.source, place.line, "", problem)
    for pattern, explanation in _EXPLANATIONS:
        if match := re.search(pattern, problem):
            return Mistake(place.source, place.line, "", f"not valid YAML: {match.expand(explanation)}")
    return Mistake(place.source, place.line, "", f"not valid YAML: {problem}")


class _Builder:
    """Turns YAML nodes into plain values, and records where each was written."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def build(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._entry(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _entry(self, node: Node, path: KeyPath) -> Any:
        self._document.places.setdefault(path, self._place(node))
        return self.build(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        section: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if key_node.tag != _STR:
                shown = printable(str(key_node.value)) if isinstance(key_node, ScalarNode) else "a list or section"
                self._document.add_mistake(path, f"a key must be a name, not {shown}", place)
                continue
            key = key_node.value
            inner = (*path, key)
            if key in section:
                self._duplicate(inner, place)
                again = self.build(value_node, inner)
                # The two parts of a section written twice are joined, so that neither is reported as incomplete.
                if isinstance(section[key], dict) and isinstance(again, dict):
                    section[key] = {**again, **section[key]}
                continue
            self._document.places.setdefault(inner, place)
            section[key] = self.build(value_node, inner)
        return section

    def _duplicate(self, path: KeyPath, place: Place) -> None:
        first = self._document.places[path]
        where = "" if first.line is None else f" (first on line {first.line})"
        self._document.add_mistake(path, f"the key is written twice{where}; keep one of them", place)

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        text, tag = node.value, node.tag
        if tag == _STR:
            return text
        self._document.texts.setdefault(path, text)
        if tag == _NULL:
            return None
        if tag == _BOOL:
            return text.lower() == "true"
        if (
            len(text) > _MAX_DIGITS
        ):  # no number of an experiment is as long, and Python refuses to convert some that are
            return text
        return _integer(text) if tag == _INT else _float(text)

    def _place(self, node: Node) -> Place:
        return self._document.start.at(node.start_mark.line + 1)


def _integer(text: str) -> int:
    bases = {"0o": 8, "0x": 16}
    return int(text, bases.get(text[:2], 10))


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
