#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema.py KEYS: judges the documents of KEYS by `$LINKSPAN check` and by `$LINKSPAN schema`, which must agree.

The system's own python3: the validator is Debian's package python3-jsonschema. Prints what differs, and the counts.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import yaml

HEAD = "linkspan: 1\nkind: gateway\nname: test\n"
UNSEEN_MAX = 40  # documents that only `check` can refuse
ODD = ["[]", "{}", "null", "", "true", "'text'", "''", "1.5", "-1", "4294967296", "[[]]", "[null]", "{ a: {} }"]


class Reader(yaml.SafeLoader):
    """YAML as specs are read: 1.2, with true and false as the only booleans and keys that are always texts."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        pairs = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in pairs:
                raise yaml.YAMLError("no JSON object")
            pairs[key.value] = self.construct_object(value, deep=True)
        return pairs


Reader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))
Reader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 16 if "0x" in node.value else 10))
Reader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
for tag, pattern in (
    ("null", r"^(~|null|Null|NULL|)$"),
    ("bool", r"^(true|false)$"),
    ("int", r"^([-+]?[0-9]+|0x[0-9a-fA-F]+)$"),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+)$"),
):
    Reader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), None)


class Entry:
    def __init__(self, path, body):
        self.path, self.body, self.values = path, body, []

    def document(self, value):
        """A body in braces is a whole spec, as is a value that stands alone."""
        whole = self.body.startswith("{") or self.body == "@"
        return ("" if whole else HEAD) + self.body.replace("@", value) + "\n"

    def unknown_key(self, value):
        """The same with a key more beside the value, or None where there is no place for one."""
        if re.search(r"@ *[},]", self.body):
            return self.document(value + ", zzz: 1")
        return self.document(value) + "zzz: 1\n" if re.search(r"(^|\n)\w+: @$", self.body) else None


def unquote(text):
    return yaml.safe_load(text) if text.startswith('"') else text


def read_entries(path):
    entries = []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if line[:2] in ("+ ", "- ", "? "):
            mark, value = line[0], line[2:]
            if mark == "?":
                value, _, why = value.partition("  # ")
                assert why, f"{line}: why can no schema tell?"
            # Quotes around pairs are the table's, around anything else the value's own.
            entries[-1].values.append((mark, unquote(value) if re.match(r'^"\w+: ', value) else value))
            continue
        path, _, body = line.partition(": ")
        entries.append(Entry(path, unquote(body)))
    return entries


def paths_of(schema, path=""):
    """Every key that the schema has, with the form of its value."""
    for alternative in schema.get("anyOf", []):
        yield from paths_of(alternative, path)
    for name, value in schema.get("properties", {}).items():
        key = f"{path}.{name}" if path else name
        yield key, value
        yield from paths_of(value, key)
    if "items" in schema:
        for element in schema["items"].get("anyOf", [schema["items"]]):
            if element.get("type") != "object":
                yield path + "[]", element
        yield from paths_of(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield path + ".NAME", schema["propertyNames"]
        if schema["additionalProperties"].get("type") != "object":
            yield path + ".*", schema["additionalProperties"]
        yield from paths_of(schema["additionalProperties"], path + ".*")


def own_values(form):
    """Values that the form itself suggests: its words, and both ends of its range."""
    values = list(form.get("enum", []))
    if "minimum" in form:
        values += [form["minimum"] - 1, form["minimum"], form["maximum"], form["maximum"] + 1]
    return [str(value) for value in values]


def by_check(document):
    """The ids of all errors: a valid spec has none."""
    run = subprocess.run([os.environ["LINKSPAN"], "check", "--json", "-"], input=document.encode(), capture_output=True)
    assert run.returncode in (0, 65), f"exit status {run.returncode}: {run.stderr.decode()}\n{document}"
    findings = json.loads(run.stdout)["findings"]
    return {finding["id"] for finding in findings if finding["severity"] == "error"}


def by_schema(validator, document):
    try:
        return validator.is_valid(yaml.load(document, Reader))
    except yaml.YAMLError:
        return False


def squeeze(document):
    return re.sub(r"\s", "", document)


def collect(entries, forms):
    """(entry's path, mark or None, document); None asks for the same verdict, whichever it is, but for references."""
    for entry in entries:
        good = [value for mark, value in entry.values if mark == "+"]
        for mark, value in entry.values:
            yield entry.path, mark, entry.document(value)
        if entry.path in forms:
            for value in ODD + own_values(forms[entry.path]):
                yield entry.path, None, entry.document(value)
            if good and entry.unknown_key(good[0]):
                yield entry.path, "-", entry.unknown_key(good[0])


def find_gaps(entries, forms):
    values = {}
    for entry in entries:
        values.setdefault(entry.path, []).extend(entry.values)
    for path, form in forms.items():
        marks = {mark for mark, _ in values.get(path, [])}
        good = {value for mark, value in values.get(path, []) if mark == "+"}
        if not {"+", "-"} <= marks:
            yield f"{path}: no good and bad value in the table"
        if "$comment" in form:
            yield f"{path}: its reader has no form (ls_host_forms)"
        for word in form.get("enum", []):
            if word not in good:
                yield f"{path}: no good document with {word}"
    for path in values:
        if path not in forms and not path.startswith("rule "):
            yield f"{path}: there is no such key"


def main():
    schema = yaml.safe_load(subprocess.run([os.environ["LINKSPAN"], "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    entries = read_entries(sys.argv[1])
    forms = dict(paths_of(schema))
    faults = list(find_gaps(entries, forms))
    documents = list(collect(entries, forms))
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda item: by_check(item[2]), documents))
    known = {squeeze(document) for _, mark, document in documents if mark == "?"}
    for (path, mark, document), errors in zip(documents, verdicts):
        check, judged = not errors, by_schema(validator, document)
        if mark is None and judged and errors and (errors <= {"reference"} or squeeze(document) in known):
            continue
        if (check, judged) != {"+": (True, True), "-": (False, False), "?": (False, True)}.get(mark, (check, check)):
            words = ["valid" if verdict else "not valid" for verdict in (check, judged)]
            faults.append(f"{path} ({mark or 'any'}): check says {words[0]}, the schema {words[1]}:\n{document}")
    unseen = sum(mark == "?" for _, mark, _ in documents)
    if unseen > UNSEEN_MAX:
        faults.append(f"{unseen} documents that no schema can judge: more than {UNSEEN_MAX}")
    print(*faults, sep="\n")
    print(f"{len(documents)} documents, {len(forms)} keys, {len(faults)} faults")
    return 1 if faults or len(documents) < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
