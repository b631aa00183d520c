#!/usr/bin/env python3
"""includes.py ROOT: every source brings the headers it needs.

The builds of ./dev precompile the headers that nearly every source includes (rare_precompile in
CMakeLists.txt), so a missing #include would only be found by who builds without: in each file, what a
name of the table below needs must be included by the file itself or by a header of this tree that it
includes. Prints FILE:LINE: message for every breach; exit code 1 when there is one.
"""

import functools
import pathlib
import re
import sys

ALGORITHMS = ("all_of any_of none_of clamp copy_if count_if equal fill find find_if for_each is_sorted lower_bound "
              "max max_element min min_element mismatch move_heap pop_heap push_heap reverse rotate sort stable_sort "
              "transform unique upper_bound")
NEEDS = {
    "algorithm": rf"std::(?:{'|'.join(ALGORITHMS.split())})\(",
    "atomic": r"std::atomic",
    "chrono": r"std::chrono",
    "condition_variable": r"std::condition_variable",
    "cstdint": r"std::u?int(?:8|16|32|64)_t",
    "deque": r"std::deque<",
    "filesystem": r"std::filesystem",
    "functional": r"std::function<",
    "map": r"std::(?:multi)?map<",
    "memory": r"std::(?:unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared)\b",
    "mutex": r"std::(?:mutex|lock_guard|unique_lock|scoped_lock|once_flag)\b",
    "nlohmann/json.hpp": r"nlohmann::",
    "optional": r"std::(?:optional<|nullopt)",
    "set": r"std::set<",
    "sstream": r"std::[io]?stringstream\b",
    "string": r"std::(?:string|to_string)\b",
    "string_view": r"std::string_view\b",
    "thread": r"std::(?:j?thread|this_thread)\b",
    "utility": r"std::(?:move|exchange|forward|pair|make_pair)\b(?!\()|std::(?:move|exchange)\(",
    "vector": r"std::vector<",
}
NEEDS = {header: re.compile(pattern) for header, pattern in NEEDS.items()}
# A header that brings another one by its own definition.
BRINGS = {"string": {"string_view"}, "map": {"utility"}, "filesystem": {"string", "chrono"}, "thread": {"chrono"},
          "condition_variable": {"mutex", "chrono"}, "nlohmann/json.hpp": {"string", "vector", "map", "utility"},
          "unordered_map": {"utility"}, "memory": {"utility"}, "regex": {"string"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
FOLDERS = ("engine", "plugins", "sdk", "tests")


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = [path for folder in FOLDERS for pattern in ("*.cc", "*.h")
                      for path in sorted((root / folder).rglob(pattern))]
        self.by_name = {}
        for path in self.files:
            self.by_name.setdefault(path.name, []).append(path)

    @functools.cache
    def text(self, path):
        return path.read_text(encoding="utf-8")

    def find(self, name, beside):
        """The file of this tree that `#include "name"` means, or None."""
        for folder in (beside.parent, self.root, self.root / "sdk" / "include", self.root / "tests"):
            if (folder / name).is_file():
                return (folder / name).resolve()
        # Include paths of a target: a header's name is unique in the tree.
        found = self.by_name.get(name, [])
        return found[0] if len(found) == 1 else None

    @functools.cache
    def brought(self, path):
        """System headers that `path` includes, itself or through headers of this tree."""
        seen, todo, headers = set(), [path], set()
        while todo:
            file = todo.pop()
            if file in seen:
                continue
            seen.add(file)
            for name in INCLUDE.findall(self.text(file)):
                inner = self.find(name, file)
                if inner:
                    todo.append(inner)
                else:
                    headers |= {name} | BRINGS.get(name, set())
        return headers


def breaches(tree):
    for path in tree.files:
        headers = tree.brought(path.resolve())
        code = re.sub(r'//[^\n]*|"(?:\\.|[^"\\\n])*"', "", tree.text(path))
        for header, pattern in NEEDS.items():
            use = pattern.search(code)
            if use and header not in headers:
                line = code.count("\n", 0, use.start()) + 1
                yield f"{path.relative_to(tree.root)}:{line}: {use.group(0)} needs #include <{header}>"


def main():
    found = list(breaches(Tree(pathlib.Path(sys.argv[1]).resolve())))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
