"""Read YAML as plain data that remembers where each key stands.

Knows nothing of scorecards. Reads the YAML of editors (1.2) where PyYAML's (1.1) differs and says
so where it cannot: `1e3` is a number, `1:30` and `010` are refused instead of being 90 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import yaml

#: A definition is some kilobytes; these stop a file made to exhaust memory.
MAX_BYTES = 1_000_000
MAX_NODES = 10_000
MAX_DEPTH = 50

Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_QUOTE = "not as text; put it in quotes"
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)")


class Place(NamedTuple):
    """Where in the text, counted from 1."""

    line: int
    column: int


class YamlMistake(NamedTuple):
    """A mistake of writing, before any meaning."""

    place: Place
    path: Path
    reason: str


class UnreadableYaml(Exception):
    """The text cannot be read at all; `line` is where reading stopped."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


@dataclass(frozen=True)
class Document:
    """What a text holds: its data, where its keys are, and what was wrong already."""

    value: Any
    places: Mapping[Path, Place]
    #: What stands at each of these paths is a stand-in for a key or for a value.
    unread_keys: tuple[YamlMistake, ...]
    unread_values: tuple[YamlMistake, ...]
    #: Keys given twice; the first stands.
    repeated: tuple[YamlMistake, ...]

    def place(self, path: Path) -> Place:
        """Find the nearest thing on the way to `path` that exists."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def with_number_keys(self, mappings: Container[Path]) -> Document:
        """Allow numbers as keys of the mappings at these paths; they stay text in `value`."""
        unread = []
        for mistake in self.unread_keys:
            key = str(mistake.path[-1])
            if mistake.path[:-1] not in mappings:
                unread.append(mistake)
            elif not _NUMBER.fullmatch(key):
                unread.append(mistake._replace(reason=_not_plain(key)))
        return replace(self, unread_keys=tuple(unread))

    def with_label_keys(self, mappings: Container[Path]) -> Document:
        """Ask for quotes where keys of the mappings at these paths are not read as text."""
        told = (
            mistake._replace(reason=mistake.reason.replace("not as a name; rename it", _QUOTE))
            if mistake.path[:-1] in mappings
            else mistake
            for mistake in self.unread_keys
        )
        return replace(self, unread_keys=tuple(told))


def read_yaml(text: str) -> Document:
    """Read one document.

    Raises
    ------
    UnreadableYaml
        If the text is too large, too deep, empty, or not YAML.
    """
    if len(text) > MAX_BYTES:
        raise UnreadableYaml(1, f"larger than {MAX_BYTES} bytes, which no definition needs")
    try:
        _refuse_too_much(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "; indent with spaces, not tabs" if "\\t" in str(error.problem) else ""
        reason = f"not valid YAML: {error.problem or error.context}{hint}"
        raise UnreadableYaml(mark.line + 1 if mark else 1, reason) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableYaml(line, "holds a character that YAML does not allow") from error
    if root is None:
        raise UnreadableYaml(1, "the file is empty; begin with `schema: scorecard/v1`")
    walk = _Walk()
    value = walk.value(root, ())
    return Document(
        value, walk.places, tuple(walk.unread_keys), tuple(walk.unread_values), tuple(walk.repeated)
    )


def _refuse_too_much(text: str) -> None:
    # Over the events, which come one by one: composing nodes recurses, and holds all of them.
    depth = nodes = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        _check_size(event.start_mark.line + 1 if event.start_mark else 1, nodes, depth)


def _check_size(line: int, nodes: int, depth: int) -> None:
    if nodes > MAX_NODES:
        raise UnreadableYaml(line, f"more than {MAX_NODES} values, aliases counted each time")
    if depth > MAX_DEPTH:
        raise UnreadableYaml(line, f"nested more than {MAX_DEPTH} deep")


@dataclass
class _Walk:
    places: dict[Path, Place] = field(default_factory=dict)
    unread_keys: list[YamlMistake] = field(default_factory=list)
    unread_values: list[YamlMistake] = field(default_factory=list)
    repeated: list[YamlMistake] = field(default_factory=list)
    visited: int = 0

    def value(self, node: yaml.Node, path: Path, depth: int = 1) -> Any:
        """Turn a node into plain data, noting where its keys are."""
        self._visit(node, depth)
        self.places.setdefault(path, _place(node))
        if node.tag == f"{_TAG}map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if node.tag == f"{_TAG}seq" and isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, at), depth + 1) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return self._refuse(node, path, f"the tag {node.tag} is not allowed here")

    def _visit(self, node: yaml.Node, depth: int) -> None:
        # Again, and not only over the events: here an alias is as large as what it stands for.
        self.visited += 1
        _check_size(_place(node).line, self.visited, depth)

    def _refuse(self, node: yaml.Node, path: Path, reason: str) -> None:
        self.unread_values.append(YamlMistake(_place(node), path, reason))

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        pairs = self._pairs(node, path, depth)
        for name, (key, _) in pairs.items():
            self.places.setdefault((*path, name), _place(key))
        return {
            name: self.value(value, (*path, name), depth + 1) for name, (_, value) in pairs.items()
        }

    def _pairs(
        self, node: yaml.MappingNode, path: Path, depth: int
    ) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merge_key: yaml.Node | None = None
        for key, value in node.value:
            self._visit(key, depth)
            name = self._name(key, path)
            earlier = own[name][0] if name in own else None
            if key.tag == f"{_TAG}merge":
                earlier, merge_key = merge_key, merge_key or key
            if earlier is not None:
                reason = f"given twice; it stands on line {_place(earlier).line} already"
                self.repeated.append(YamlMistake(_place(key), (*path, name), reason))
            elif key.tag == f"{_TAG}merge":
                for source in self._merge_sources(value, path, depth):
                    merged = {**self._pairs(source, path, depth + 1), **merged}
            else:
                own[name] = (key, value)
        return {**merged, **own}

    def _merge_sources(self, node: yaml.Node, path: Path, depth: int) -> Iterator[yaml.MappingNode]:
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            self._visit(source, depth)
            if isinstance(source, yaml.MappingNode):
                yield source
            else:
                self._refuse(source, (*path, "<<"), "merges only mappings, such as `<<: *name`")

    def _name(self, key: yaml.Node, path: Path) -> str:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        kind = key.tag.removeprefix(_TAG)
        if kind not in ("str", "timestamp", "merge", "value"):
            read_as = {"bool": "true or false", "int": "a number", "float": "a number"}
            reason = f"YAML reads the key {name!r} as {read_as.get(kind, kind)}, not as a name"
            self.unread_keys.append(YamlMistake(_place(key), (*path, name), f"{reason}; rename it"))
        return name

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in yaml.SafeLoader.bool_values:
            return yaml.SafeLoader.bool_values[text.lower()]
        if kind in ("str", "timestamp", "value"):
            # YAML 1.1 has no `1e3`, and takes 2024-01-01 for a date, which nothing here is.
            return float(text) if node.style is None and _NUMBER.fullmatch(text) else text
        if kind in ("int", "float"):
            return self._number(node, text, path)
        return self._refuse(node, path, f"the tag {node.tag} is not allowed here")

    def _number(self, node: yaml.ScalarNode, text: str, path: Path) -> float | None:
        if _NUMBER.fullmatch(text):
            # Longer than this, an integer is no longer exact as a float, nor any count of ours.
            return int(text) if re.fullmatch(r"[-+]?[0-9]{1,15}", text) else float(text)
        if _NOT_FINITE.fullmatch(text):
            return float(text.replace(".", ""))
        self._refuse(node, path, _not_plain(text))
        return None


def _not_plain(text: str) -> str:
    return f"{text!r} is not a plain number; write one such as 8 or 0.5"


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
