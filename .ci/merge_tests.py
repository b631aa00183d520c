#!/usr/bin/env python3
"""One ctest run over the tests of several builds.

merge_tests.py OUT --take KIND=LABEL... [--named NAME]
    writes OUT/CTestTestfile.cmake with the tests of build/KIND that carry a label matching LABEL (a
    regular expression; empty: every test) and whose name matches NAME. Tests of `release` keep their
    names, those of other kinds are called KIND/NAME.

merge_tests.py --list BUILD LABEL [NAME]
    prints the names of the tests of the build folder BUILD that carry such a label (empty: any) and
    whose name matches NAME, a regular expression.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

# Properties whose values are names of other tests or of fixtures: they belong to one build.
NAMES = {"DEPENDS", "FIXTURES_SETUP", "FIXTURES_REQUIRED", "FIXTURES_CLEANUP"}


def tests_of(build):
    """The tests that ctest knows in a build folder, as ctest describes them."""
    output = subprocess.run(
        ["ctest", "--test-dir", str(build), "--show-only=json-v1"],
        check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["tests"]


def properties_of(test):
    return {entry["name"]: entry["value"] for entry in test.get("properties", [])}


def has_label(test, pattern):
    return any(re.search(pattern, label) for label in properties_of(test).get("LABELS", []))


def quoted(value):
    """A CMake bracket argument: nothing in it is special."""
    if isinstance(value, bool):
        value = "ON" if value else "OFF"
    fence = "="
    while f"]{fence}]" in str(value):
        fence += "="
    return f"[{fence}[{value}]{fence}]"


def joined(name, value, prefix):
    if not isinstance(value, list):
        return value
    if name in NAMES:
        value = [prefix + item for item in value]
    return ";".join(str(item).replace(";", "\\;") for item in value)


def entry(test, prefix):
    """The lines of CTestTestfile.cmake that declare one test."""
    name = quoted(prefix + test["name"])
    lines = [f"add_test({name} {' '.join(quoted(word) for word in test['command'])})"]
    for key, value in properties_of(test).items():
        lines.append(f"set_tests_properties({name} PROPERTIES {key} "
                     f"{quoted(joined(key, value, prefix))})")
    return lines


def merge(out, takes, named):
    lines = []
    for take in takes:
        kind, _, label = take.partition("=")
        prefix = "" if kind == "release" else kind + "/"
        for test in tests_of(pathlib.Path("build") / kind):
            if (label and not has_label(test, label)) or not re.search(named, test["name"]):
                continue
            if "command" not in test:
                sys.exit(f"test {test['name']} of build/{kind} has no program: it was not built")
            lines += entry(test, prefix)
    out.mkdir(parents=True, exist_ok=True)
    (out / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n")
    (out / "DartConfiguration.tcl").touch()  # ctest warns where it finds none


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("label", nargs="?", default="")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--take", action="append", default=[])
    parser.add_argument("--named", default="")
    arguments = parser.parse_args()
    if arguments.list:
        for test in tests_of(arguments.folder):
            if has_label(test, arguments.label) and re.search(arguments.name, test["name"]):
                print(test["name"])
    else:
        merge(arguments.folder, arguments.take, arguments.named)


if __name__ == "__main__":
    main()
