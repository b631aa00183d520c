#!/usr/bin/env python3
"""layering.py ROOT: the rules of the house that a compiler does not know.

- A folder includes only what stands below it (LAYERS); plugins and the SDK never include engine/.
- oneTBB is included in engine/runtime only.
- engine/ names no concrete plugin or operator in a string.
- Headers have at most 250 lines, sources 500, functions 60. A comment `// size: REASON` excuses a file
  (at the start of a line) or the function it stands in (indented).
- No file is called utils, helpers, common or manager.
- No co_await inside a test macro: it would run twice.

Prints FILE:LINE: message for every breach; exit code 1 when there is one.
"""

import pathlib
import re
import sys

# What each folder may include besides itself. cli -> runtime -> (state, graph) ->
# (config, plugin, observe) -> text -> sdk.
LOWEST = {"sdk"}
LOWER = LOWEST | {"engine/text"}
LOW = LOWER | {"engine/config", "engine/plugin", "engine/observe"}
MIDDLE = LOW | {"engine/state", "engine/graph"}
LAYERS = {
    "sdk": set(),
    "engine/text": LOWEST,
    "engine/config": LOWER,
    "engine/plugin": LOWER,
    "engine/state": LOW,
    "engine/observe": LOWER,
    "engine/graph": LOW,
    "engine/runtime": MIDDLE,
    "engine/cli": MIDDLE | {"engine/runtime"},
}
SHARED_BY_PLUGINS = ("plugins/corpus", "plugins/digest", "plugins/files", "plugins/json", "plugins/net",
                     "plugins/phrases", "plugins/process", "plugins/prompt", "plugins/tokens")
# Libraries that the SDK's headers must not drag into a plugin.
FOREIGN_TO_SDK = re.compile(r"^(oneapi/|tbb/|yaml-cpp/|curl/|sqlite3|spdlog/|CLI/)")
TBB = re.compile(r"^(oneapi/)?tbb[/.]")

FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "common", "manager"}
LIMITS = {".h": 250, ".cc": 500}
FUNCTION_LIMIT = 60

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONTROL = re.compile(r"\b(if|for|while|switch|catch|do|else|try)\b[^;{}]*$")


def blank(text, keep_strings):
    """The code with comments (and, unless kept, the contents of literals) made blank; lines stay."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|(?:u8|[uUL])?R"(?P<d>[^ ()\\\t\n]*)\(.*?\)(?P=d)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z_])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def replace(match):
        found = match.group(0)
        if keep_strings and not found.startswith("/"):
            return found
        return re.sub(r"[^\n]", " ", found)

    return token.sub(replace, text)


def strings_of(code):
    """(line, contents) of every string literal in code without comments."""
    literal = re.compile(r'R"(?P<d>[^ ()\\\t\n]*)\((?P<raw>.*?)\)(?P=d)"|"(?P<s>(?:\\.|[^"\\\n])*)"', re.DOTALL)
    for match in literal.finditer(code):
        if code[code.rfind("\n", 0, match.start()) + 1:match.start()].lstrip().startswith("#"):
            continue  # the name in an #include
        yield code.count("\n", 0, match.start()) + 1, match.group("raw") or match.group("s") or ""


def functions_of(code):
    """(first line, last line) of every outermost function body; code without comments and strings."""
    stack, start, depth_of_function = [], 0, None
    for position, letter in enumerate(code):
        if letter in ";}":
            start = position + 1
        if letter == "{":
            head = code[start:position]
            line = code.count("\n", 0, start + len(head) - len(head.lstrip())) + 1
            is_function = (
                depth_of_function is None and "(" in head and "namespace" not in head
                and not CONTROL.search(head) and not re.search(r"=\s*$", head))
            if is_function:
                depth_of_function = len(stack)
            stack.append(line)
            start = position + 1
        elif letter == "}" and stack:
            line = stack.pop()
            if depth_of_function == len(stack):
                depth_of_function = None
                yield line, code.count("\n", 0, position) + 1


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.breaches = []
        self.component_names = self.find_component_names()

    def say(self, path, line, message):
        self.breaches.append(f"{path}:{line}: {message}")

    def files(self, *tops):
        for top in tops:
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in LIMITS and path.is_file():
                    yield path.relative_to(self.root)

    def find_component_names(self):
        """What the plugins of this tree call their components: the argument of Spec("...")."""
        names = set()
        for path in self.files("plugins"):
            text = blank((self.root / path).read_text(), keep_strings=True)
            names.update(re.findall(r'\bSpec(?:\s+\w+)?[({]\s*"([^"]+)"', text))
        return names

    def check(self):
        for path in self.files("sdk", "engine", "plugins", "tests"):
            text = (self.root / path).read_text()
            self.check_name_and_length(path, text)
            self.check_test_macros(path, text)
            if path.parts[0] != "tests":
                self.check_includes(path, text)
                self.check_functions(path, text)
            if path.parts[0] == "engine":
                self.check_component_names(path, text)
        return self.breaches

    def check_name_and_length(self, path, text):
        if path.stem in FORBIDDEN_STEMS:
            self.say(path, 1, f"a file called {path.stem} says nothing; name it after what it holds")
        lines, limit = text.count("\n"), LIMITS[path.suffix]
        if lines > limit and not re.search(r"^// size: \S", text, re.MULTILINE):
            self.say(path, limit, f"{lines} lines, at most {limit}; split it, or say `// size: REASON`")

    def check_test_macros(self, path, text):
        code = blank(text, keep_strings=False)
        for match in re.finditer(r"\b(REQUIRE|CHECK)\w*\([^;]*\bco_await\b", code):
            self.say(path, code.count("\n", 0, match.start()) + 1,
                     "co_await inside a test macro runs twice; assign its result first")

    def folder_of(self, path):
        """The layer a file belongs to: sdk, engine/NAME or plugins/NAME."""
        parts = path.parts
        return parts[0] if parts[0] == "sdk" else "/".join(parts[:2])

    def target_of(self, path, name, quoted):
        """The file of this tree that an include means, or None."""
        places = [path.parent] if quoted else []
        places += [pathlib.Path("."), pathlib.Path("sdk/include"), pathlib.Path("engine"),
                   pathlib.Path("plugins")]
        for place in places:
            candidate = self.root / place / name
            if candidate.is_file():
                return candidate.resolve().relative_to(self.root.resolve())
        return None

    def check_includes(self, path, text):
        folder = self.folder_of(path)
        for line, content in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(content)
            if not match:
                continue
            name = match.group(2)
            if TBB.match(name) and folder != "engine/runtime":
                self.say(path, line, "oneTBB is included in engine/runtime only")
            if path.parts[:2] == ("sdk", "include") and FOREIGN_TO_SDK.match(name):
                self.say(path, line, f"the SDK must not bring {name} into a plugin")
            target = self.target_of(path, name, match.group(1) == '"')
            if target is not None and target.parts[0] in ("sdk", "engine", "plugins"):
                self.check_direction(path, line, folder, self.folder_of(target), target)

    def check_direction(self, path, line, folder, below, target):
        if below == folder:
            return
        if folder.startswith("plugins/"):
            allowed = below == "sdk" or below in SHARED_BY_PLUGINS
            places = ", ".join(("the SDK", "its own folder", *SHARED_BY_PLUGINS))
        else:
            allowed = below in LAYERS.get(folder, set())
            places = ", ".join(sorted(LAYERS.get(folder, set()))) or "nothing else of this tree"
        if not allowed:
            self.say(path, line, f"{folder} may include {places}; not {target}")

    def check_functions(self, path, text):
        lines = text.splitlines()
        for first, last in functions_of(blank(text, keep_strings=False)):
            excused = any(re.match(r"\s+// size: \S", line) for line in lines[first - 1:last])
            if last - first + 1 > FUNCTION_LIMIT and not excused:
                self.say(path, first, f"a function of {last - first + 1} lines, at most {FUNCTION_LIMIT}")

    def check_component_names(self, path, text):
        for line, content in strings_of(blank(text, keep_strings=True)):
            for name in self.component_names:
                if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", content):
                    self.say(path, line, f"engine/ names {name}, a component of a plugin")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    breaches = Checker(root).check()
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
