"""`python -m infra.terraform.provider.extract PACKAGE`: writes the provider's schema anew.

PACKAGE is the unpacked npm package `@cdktf/provider-aws`, which was generated from the schema of
one release of the provider. Belongs here: reading names, types and what is required from its
generated code, for what the module uses and nothing more. They are facts; none of its text is kept.
The package is Mozilla's (MPL-2.0).
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.terraform.hcl import Block
from infra.terraform.module import blocks_of_module
from infra.terraform.provider.schema import FILE, Schema

_RELEASE = re.compile(r"hashicorp/aws provider version ([\d.]+)")
_FUNCTION = re.compile(r"function (\w+)ToHclTerraform\(struct\) \{(.*?)\n\}", re.DOTALL)
_WHOLE = re.compile(r"synthesizeHclAttributes\(\) \{(.*?)\n    \}", re.DOTALL)
_ATTRIBUTE = re.compile(
    r"^ +(\w+): \{\s+value: (.*?),\s+isBlock: (true|false),\s+type: \"(\w+)\",\s+"
    r"storageClassType: \"(\w+)\",\s+\}",
    re.MULTILINE | re.DOTALL,
)
_NESTED = re.compile(r"(\w+)ToHclTerraform\b")
_INTERFACE = re.compile(
    r"export interface (\w+) (extends cdktf\.TerraformMetaArguments )?\{(.*?)\n\}", re.DOTALL
)
_REQUIRED = re.compile(r"[#/](\w+) [\w]+#\1\}.*?readonly \w+(\??):", re.DOTALL)
_TOLD = re.compile(r"return this\.get(\w+)Attribute\('(\w+)'\)")
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool"}
_CONVERTERS = frozenset({"string", "number", "boolean"})
_ALSO_TOLD = ("arn", "id", "region")  # may be given in the schema, and are told by AWS otherwise


def main(package: Path) -> None:
    """Writes the facts."""
    found = _RELEASE.search((package / "README.md").read_text())
    if found is None:
        raise ValueError(f"{package} does not say of which release of the provider it is")
    blocks = [one for one in blocks_of_module() if one.type in {"resource", "data"}]
    facts = {
        "about": "Facts of the provider's schema, as far as the module uses it: names, types, what "
        "is required. Read by infra.terraform.provider.extract from the npm package "
        "@cdktf/provider-aws (MPL-2.0).",
        "provider": "hashicorp/aws",
        "version": found.group(1),
        "resources": dict(_schemas(package, blocks, "resource")),
        "data": dict(_schemas(package, blocks, "data")),
    }
    FILE.write_text(json.dumps(facts, indent=1) + "\n")


def _schemas(package: Path, blocks: Iterable[Block], kind: str) -> Iterator[tuple[str, Schema]]:
    used: dict[str, list[Block]] = {}
    for block in blocks:
        if block.type == kind:
            used.setdefault(block.labels[0], []).append(block)
    for type_ in sorted(used):
        name = type_.removeprefix("aws_").replace("_", "-")
        folder = package / "lib" / (f"data-aws-{name}" if kind == "data" else name)
        yield type_, Code(folder).schema(used[type_])


class Code:
    """The generated code of one resource or data source.

    Args:
        folder: Its folder in the package.
    """

    def __init__(self, folder: Path) -> None:
        script, types = ((folder / f"index.{end}").read_text() for end in ("js", "d.ts"))
        self._functions = {name.lower(): body for name, body in _FUNCTION.findall(script)}
        (self._whole,) = _WHOLE.findall(script)
        declared = _INTERFACE.findall(types)
        self._interfaces = {name.lower(): body for name, _, body in declared}
        (self._config,) = (name.lower() for name, is_whole, _ in declared if is_whole)
        class_of = script.rpartition("extends cdktf.Terraform")[2]
        self._told = [(kind, name) for kind, name in _TOLD.findall(class_of)]

    def schema(self, used: list[Block]) -> Schema:
        """The schema, of blocks only those that are used or required."""
        schema = self._schema(self._whole, self._config, used)
        given = schema["arguments"]
        for kind, name in self._told:
            if name not in given:
                schema["computed"][name] = _told_type(kind)
        for name in _ALSO_TOLD:
            if name in given and name not in schema["required"]:
                schema["computed"][name] = given[name]
        return schema

    def _schema(self, body: str, interface: str, used: list[Block]) -> Schema:
        required = {
            name: mark == "" for name, mark in _REQUIRED.findall(self._interfaces[interface])
        }
        schema: Schema = {"arguments": {}, "required": [], "computed": {}, "blocks": {}}
        for name, value, is_block, kind, stored in _ATTRIBUTE.findall(body):
            if is_block == "false":
                schema["arguments"][name] = _type(kind, stored)
                schema["required"] += [name] * required[name]
                continue
            within = [one for block in used for one in _within(block, name)]
            if name != "timeouts" and (within or required[name]):
                (nested,) = (one for one in _NESTED.findall(value) if one not in _CONVERTERS)
                schema["blocks"][name] = {
                    "nesting": kind,
                    "single": "listMapper" not in value,
                    "required": required[name],
                    "block": self._schema(self._functions[nested.lower()], nested.lower(), within),
                }
        return schema


def _within(block: Block, name: str) -> Iterator[Block]:
    """The blocks of a name in a block, written out or by a `dynamic` one."""
    for one in block.blocks:
        if one.type == name:
            yield one
        elif one.type == "dynamic" and one.labels == (name,):
            yield from one.blocks


def _type(kind: str, stored: str) -> str:
    if kind == "simple":
        return _SIMPLE[stored]
    element = re.sub(r"(List|Map)$", "", stored)
    return f"{kind}({_SIMPLE[element]})"


def _told_type(call: str) -> str:
    """The type of an attribute by the name of the call that reads it."""
    read = re.fullmatch(r"(String|Number|Boolean)(List|Map)?", call)
    if read is None:
        raise ValueError(f"what get{call}Attribute reads is not known")
    element, collection = read.groups()
    type_ = _SIMPLE[element.lower()]
    return type_ if collection is None else f"{collection.lower()}({type_})"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
