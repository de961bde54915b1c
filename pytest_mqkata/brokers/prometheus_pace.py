"""A Prometheus configuration that says the same, only quicker: a test cannot wait half a minute for a scrape."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from pytest_mqkata.recipes.prometheus import CONFIG


def at_pace(config: str, folder: Path | None, interval: float) -> dict[str, str]:
    """The configuration and its rule files with other intervals, as texts by plain file names.

    Everything is scraped, and every rule is evaluated, each `interval` seconds. What is not an interval stays as it is,
    the `for` of an alert as well. A file that is not YAML stays as it is altogether: Prometheus shall say so.

    Args:
        folder: what relative names of rule files start from; None: there are none.
    """
    pace = f"{max(1, round(interval * 1000))}ms"
    try:
        root = yaml.compose(config, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return {CONFIG: config}
    if not isinstance(root, yaml.MappingNode):
        return {CONFIG: config}
    common = _get(root, "global")
    if not isinstance(common, yaml.MappingNode):
        common = yaml.MappingNode("tag:yaml.org,2002:map", [])
        _set(root, "global", common)
    _set(common, "scrape_interval", _text(pace))
    _set(common, "evaluation_interval", _text(pace))
    _drop(common, "scrape_timeout")
    for job in _items(_get(root, "scrape_configs")):
        _drop(job, "scrape_interval")
        _drop(job, "scrape_timeout")
    files = {}
    patterns = _get(root, "rule_files")
    if isinstance(patterns, yaml.SequenceNode) and folder:
        found = [file for pattern in patterns.value for file in _matching(folder, str(pattern.value))]
        names = {file: "-".join(file.relative_to(folder).parts) for file in found if file.is_relative_to(folder)}
        files = {name: _rules_at_pace(file) for file, name in names.items()}
        unmatched = [one for one in patterns.value if not any(_matching(folder, str(one.value)))]
        outside = [_text(str(file)) for file in found if file not in names]
        patterns.value = [*(_text(name) for name in files), *outside, *unmatched]
    return {**files, CONFIG: str(yaml.serialize(root, allow_unicode=True))}


def _rules_at_pace(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return text
    if root is None:
        return text
    for group in _items(_get(root, "groups")):
        _drop(group, "interval")
    return str(yaml.serialize(root, allow_unicode=True))


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    """The files that a name in `rule_files` stands for; only its last part may have wildcards."""
    path = Path(os.path.normpath(folder / pattern))
    yield from (file for file in sorted(path.parent.glob(path.name)) if file.is_file())


# what is there of a mapping is changed in the tree, so that all other scalars stay as they were written


def _text(value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value)


def _get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                assert isinstance(value, yaml.Node)
                return value
    return None


def _set(node: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    _drop(node, key)
    node.value.append((_text(key), value))


def _drop(node: yaml.Node, key: str) -> None:
    if isinstance(node, yaml.MappingNode):
        node.value = [(name, value) for name, value in node.value if name.value != key]


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
