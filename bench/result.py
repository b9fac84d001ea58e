#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Puts results of a benchmark into their file, and checks such files by result.schema.json.

result.py wrap NAME COMMAND < RESULTS   the file's content on stdout
result.py check FILE...                 exit status 1 if one does not fit
"""
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float)}


def says(*command):
    """The first line of what a command prints, or ""."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=True, cwd=HERE)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip().split("\n")[0]


def field(path, name):
    """The value of the first "name : value" in a file, or ""."""
    try:
        match = re.search(rf"^{name}\s*:\s*(.*)$", pathlib.Path(path).read_text(), re.MULTILINE)
    except OSError:
        match = None
    return match.group(1).strip() if match else ""


def mitigations():
    directory = pathlib.Path("/sys/devices/system/cpu/vulnerabilities")
    if not directory.is_dir():
        return {}
    states = {path.name: path.read_text().strip() for path in sorted(directory.iterdir())}
    return {name: state for name, state in states.items() if state != "Not affected"}


def machine():
    return {
        "cpu": field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory_mib": int(field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": f"{platform.release()} {platform.version()}",
        "virtual": says("systemd-detect-virt", "--vm") or "none or not known",
        "load_1min": round(os.getloadavg()[0], 2),
        "cc": says("cc", "--version"),
        "clang": says("clang", "--version"),
        "libbpf": says("pkg-config", "--modversion", "libbpf"),
        "mitigations": mitigations(),
    }


def wrap(name, command):
    commit = says("git", "describe", "--always", "--dirty", "--abbrev=12") or "unknown"
    file = {"name": name, "machine": machine(), "commit": commit, "command": command,
            "results": json.load(sys.stdin)}
    json.dump(file, sys.stdout, indent=2)
    print()


def resolve(schema, root):
    """The schema itself, or what its $ref names."""
    while "$ref" in schema:
        at = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        schema = at
    return schema


def complaints(value, schema, root, path):
    """What of JSON Schema result.schema.json uses, and no more."""
    schema = resolve(schema, root)
    known = {"$schema", "title", "description", "$defs", "type", "enum", "minimum", "required",
             "properties", "additionalProperties", "items", "minItems", "allOf", "if", "then",
             "const"}
    for unknown in schema.keys() - known:
        yield f"{path}: the schema's {unknown} is not known to result.py"
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or
                 isinstance(value, bool) and kind != "boolean"):
        yield f"{path}: not of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: {value} is less than {schema['minimum']}"
    if isinstance(value, dict):
        yield from object_complaints(value, schema, root, path)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: fewer than {schema['minItems']}"
        for i, item in enumerate(value):
            yield from complaints(item, schema.get("items", {}), root, f"{path}[{i}]")
    for part in schema.get("allOf", []):
        yield from complaints(value, part, root, path)
    if "if" in schema and not list(complaints(value, schema["if"], root, path)):
        yield from complaints(value, schema["then"], root, path)


def object_complaints(value, schema, root, path):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}.{name}: missing"
    for name, item in value.items():
        if name in properties:
            yield from complaints(item, properties[name], root, f"{path}.{name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from complaints(item, schema["additionalProperties"], root, f"{path}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{path}.{name}: not in the schema"


def check(paths):
    schema = json.loads((HERE / "result.schema.json").read_text())
    failed = 0
    for path in paths:
        try:
            file = json.loads(pathlib.Path(path).read_text())
        except (OSError, ValueError) as error:
            found = [str(error)]
        else:
            found = list(complaints(file, schema, schema, ""))
        for complaint in found:
            print(f"{path}: {complaint}", file=sys.stderr)
        failed += bool(found)
    return 1 if failed else 0


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "wrap":
        wrap(sys.argv[2], sys.argv[3])
        return 0
    if len(sys.argv) > 2 and sys.argv[1] == "check":
        return check(sys.argv[2:])
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())
