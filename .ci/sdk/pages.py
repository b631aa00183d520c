"""What the SDK's headers offer, as doxygen reads them: sdk/surface.txt, every public name, and the page
docs/reference/sdk.md.

pages.py [--check] OUTPUT: runs doxygen (its HTML lands in OUTPUT/html) and writes both files; with --check
only compares them, and fails when one is stale.
pages.py --filter HEADER: the header as doxygen wants it: with `///` where it has `//`.

Where a line that a plugin is compiled into (a virtual function, a member, an enumerator) differs from what
surface.txt had, it is written only with a higher RARE_SDK_VERSION_*: a plugin of the version before would be
loaded, and crash.
"""

import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
SURFACE = ROOT / "sdk" / "surface.txt"
PAGE = ROOT / "docs" / "reference" / "sdk.md"
HEADERS = ROOT / "sdk" / "include"

SURFACE_HEAD = """\
Everything that plugins can name, in the order of the headers. `*` stands before what is compiled into a plugin:
where one of these lines changes, plugins of the version before no longer fit, and RARE_SDK_VERSION_MINOR in
rare/plugin.h is raised. A change of any line is a decision about plugins of others: `./dev docs` writes this file.

SDK {version}
"""
PAGE_HEAD = """\
# The SDK's headers

Generated from `sdk/include/rare` by `./dev docs`. How to use them: `docs/writing-plugins.md`. What of them is
compiled into a plugin: `sdk/surface.txt`.
"""
TESTING = """
What stands under rare/testing/ is compiled into tests alone: it may change at any time, and no version is raised
for it.
"""


def comment_lines(lines):
    """The texts of `// ...` lines, without the slashes."""
    return [re.sub(r"^\s*// ?", "", line) for line in lines]


def blocks(lines):
    """(is code?, lines): code stands indented behind an empty line."""
    found, code = [], False
    for i, line in enumerate(lines):
        starts = line.startswith("  ") and (i == 0 or not lines[i - 1]) and not line.lstrip().startswith("- ")
        if line:
            code = line.startswith("  ") and (code or starts)
        if not found or found[-1][0] != code:
            found.append((code, []))
        found[-1][1].append(line)
    return found


def escaped(text):
    """As plain text for doxygen."""
    return re.sub(r"([<>@\\#&%])", r"\\\1", text)


def filtered(header):
    """Comments become documentation, code in them code, and everything else of them text. Lines keep their
    numbers: by these the comments are found again."""
    out, comment = [], []

    def end_comment():
        indent = re.match(r"\s*", comment[0])[0]
        for code, lines in blocks(comment_lines(comment)):
            lines = [line if code else escaped(line) for line in lines]
            if code:
                lines[0] = "@code " + lines[0]
                lines[-1] += " @endcode"
            out.extend(f"{indent}/// {line}".rstrip() for line in lines)
        comment.clear()

    for line in header.read_text().splitlines():
        if re.match(r"\s*//", line):
            comment.append(line)
            continue
        if comment:
            end_comment()
        trailing = re.match(r"(.*[^/\s]\s+)// (.*)$", line)
        if line == "#pragma once":  # behind the header's opening comment
            out.append("/// @file")
        else:
            out.append(f"{trailing[1]}///< {escaped(trailing[2])}" if trailing else line)
    return "\n".join(out) + "\n"


def text_of(element):
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def tidy(code):
    """As clang-format writes it."""
    code = re.sub(r"\s*([&*]+)\s*(?=[\w)>,]|$|\.\.\.)", r"\1 ", code)
    for pattern, text in ((r"< (?=\S)", "<"), (r"(?<=\S) >", ">"), (r" +([,)])", r"\1"),
                          (r"=\s*(0|default|delete)$", r" = \1"),
                          (r"\s+", " "), (r"\( ", "("), (r"(\w)& &", r"\1&&"),
                          (r" \*\(", "*("), (r"\)(&+)", r") \1")):
        code = re.sub(pattern, text, code)
    return code.strip()


class Entry:
    """A type or a member: where it stands, how it is written, and what is in it."""

    def __init__(self, element, signature, crosses=False, public=True):
        at = element.find("location")
        self.header, self.line = at.get("file"), int(at.get("line"))
        self.place = (self.line, int(at.get("column") or 0))
        self.signature, self.crosses, self.public = signature, crosses, public
        self.members, self.values = [], []  # values of an enum, with what is said of each


def template_of(element):
    found = element.find("templateparamlist")
    if found is None:
        return ""
    return "template <" + ", ".join(
        (text_of(param.find("type")) + " " + text_of(param.find("declname"))).strip() for param in found) + "> "


def member_entry(element):
    kind, name = element.get("kind"), text_of(element.find("name"))
    public = element.get("prot") == "public"
    initial = text_of(element.find("initializer"))
    static = "static " if element.get("static") == "yes" else ""
    if kind == "define":
        params = ", ".join(text_of(param) for param in element.findall("param"))
        shown = f" {initial}" if name.startswith("RARE_SDK_VERSION") else ""
        return Entry(element, f"#define {name}{'(' + params + ')' if params else ''}{shown}")
    if kind == "enum":
        values = [text_of(value.find("name")) for value in element.findall("enumvalue")]
        strong = "class " if element.get("strong") == "yes" else ""
        entry = Entry(element, f"enum {strong}{name} {{ {', '.join(values)} }}", crosses=True)
        entry.values = [(text_of(value.find("name")), text_of(value.find("briefdescription")))
                        for value in element.findall("enumvalue")]
        return entry
    if kind == "typedef":
        return Entry(element, template_of(element) + tidy(f"using {name} = {text_of(element.find('type'))}"))
    signature = f"{text_of(element.find('type'))} {name}"
    if kind == "variable":
        array = text_of(element.find("argsstring"))
        return Entry(element, tidy(f"{static}{signature}{array} {initial}"), crosses=not static, public=public)
    virtual = element.get("virt") != "non-virtual"
    explicit = "explicit " if element.get("explicit") == "yes" else ""
    virtually = "virtual " if virtual else ""
    signature = tidy(f"{static}{virtually}{explicit}{signature}{text_of(element.find('argsstring'))}")
    return Entry(element, template_of(element) + signature, crosses=virtual, public=public)


def is_hidden(name):
    return "::detail" in name or name.startswith("std")


def read_entries(folder):
    """The public entries of each header, in its order; of rare::detail only what is compiled into plugins."""
    top, types = [], []
    for file in sorted(folder.glob("*.xml")):
        for compound in ElementTree.parse(file).getroot().iter("compounddef"):
            kind, name = compound.get("kind"), text_of(compound.find("compoundname"))
            members = list(compound.iter("memberdef"))
            if kind == "file":
                top += [member_entry(m) for m in members if m.get("kind") == "define"]
            elif kind == "namespace" and not is_hidden(name):
                top += [member_entry(m) for m in members]
            elif kind in ("class", "struct") and not name.startswith("std"):
                bases = ", ".join(text_of(base) for base in compound.findall("basecompoundref"))
                written = tidy(name.split("rare::", 1)[-1])
                entry = Entry(compound, f"{template_of(compound)}{kind} {written}{' : ' + bases if bases else ''}",
                              public=compound.get("prot") == "public" and not is_hidden(name))
                inside = sorted((member_entry(m) for m in members), key=lambda member: member.place)
                apart = name.startswith("rare::testing")  # nothing of it stands in a plugin
                entry.members = [m for m in inside if (m.crosses and not apart) or (m.public and entry.public)]
                if entry.public or (entry.members and not apart):
                    types.append(entry)
    headers = {}
    for entry in sorted(top + types, key=lambda entry: (entry.header.count("/"), entry.header, entry.place)):
        if re.match(r"#define RARE_(TEXT_OF_?|CXX_ABI|JSON_VERSION)\b", entry.signature):
            continue  # what the headers need themselves
        headers.setdefault(entry.header, []).append(entry)
    return headers


def version_of(headers):
    numbers = [entry.signature.split()[-1] for entry in headers["rare/plugin.h"]
               if entry.signature.startswith("#define RARE_SDK_VERSION")]
    return ".".join(numbers)


def surface_of(headers):
    out, testing = [SURFACE_HEAD.format(version=version_of(headers))], False
    for header, entries in headers.items():
        if header.startswith("rare/testing/") and not testing:
            testing = True
            out.append(TESTING)
        out.append(f"\n{header}\n")
        for entry in entries:
            for depth, line in ((1, entry), *((2, member) for member in entry.members)):
                mark = "* " if line.crosses and not testing else "  "
                hidden = "" if line.public or depth == 1 else "private: "
                out.append(f"{mark}{'  ' * depth}{hidden}{line.signature}\n")
    return "".join(out)


def as_markdown(text):
    """What stands between ` is code already."""
    return "`".join(part.replace("<", "\\<") if i % 2 == 0 else part for i, part in enumerate(text.split("`")))


def page_text(lines):
    parts = []
    for code, part in blocks(lines):
        text = "\n".join(part).strip("\n")
        parts.append(f"```cpp\n{textwrap.dedent(text)}\n```" if code else as_markdown(text))
    return "\n\n".join(filter(None, parts))


def said_of(entry, source):
    """The comment above a declaration, or the one behind it."""
    behind = re.search(r"[^/\s]\s+// (.*)$", source[entry.line - 1])
    first = last = entry.line - 1
    if source[last - 1].strip().startswith("template <"):
        first = last = last - 1
    while first > 0 and re.match(r"\s*//", source[first - 1]):
        first -= 1
    above = page_text(comment_lines(source[first:last]))
    if not behind:
        return above
    more = [behind[1]]
    for line in source[entry.line:]:  # it may go on below
        if not re.match(r"\s{20,}// ", line):
            break
        more.append(comment_lines([line])[0].strip())
    return (above + "\n" if above else "") + as_markdown(" ".join(more))


def page_of(headers):
    out, faults = [PAGE_HEAD], []
    for header, entries in headers.items():
        source = (HEADERS / header).read_text().splitlines()
        opening = source[:source.index("#pragma once")]
        if any(entry.public for entry in entries):
            faults += [f"{header}: its opening comment does not say '{word}'" for word in ("hread-safety", "wnership")
                       if word not in " ".join(opening)]
        if not any(entry.public for entry in entries):
            continue
        out.append(f"\n## {header}\n\n{page_text(comment_lines(opening))}\n")
        for entry in entries:
            if not entry.public or "::promise_type" in entry.signature:  # what the compiler calls
                continue
            out.append(f"\n### `{entry.signature}`\n")
            said = said_of(entry, source)
            if said:
                out.append(f"\n{said}\n")
            if any(meaning for _, meaning in entry.values):
                out.append("\n")
                out += [f"- `{name}`{': ' if meaning else ''}{as_markdown(meaning)}\n"
                        for name, meaning in entry.values]
            shown = [member for member in entry.members if member.public]
            if shown:
                out.append("\n")
            for member in shown:
                said = said_of(member, source).replace("\n", "\n  ")
                out.append(f"- `{member.signature}`" + (f"  \n  {said}" if said else "") + "\n")
    return re.sub(r"[ \t]+\n(?!  )", "\n", "".join(out)), faults


def crossing_lines(surface):
    return [line for line in surface.splitlines() if line.startswith("* ")]


def version_in(surface):
    found = re.search(r"^SDK (\d+)\.(\d+)$", surface, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def fault_of_version(old, new):
    """Why `new` cannot replace `old`, or an empty text."""
    if crossing_lines(old) == crossing_lines(new) or version_in(new) > version_in(old):
        return ""
    changed = [line for line in difflib.unified_diff(crossing_lines(old), crossing_lines(new), lineterm="", n=0)
               if line[0] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join(["plugins of SDK {}.{} no longer fit: raise RARE_SDK_VERSION_MINOR in rare/plugin.h".format(
        *version_in(old)), *changed])


def run_doxygen(output, with_html):
    output.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(output / "xml", ignore_errors=True)
    settings = (ROOT / ".ci" / "sdk" / "Doxyfile").read_text()
    settings += f'OUTPUT_DIRECTORY = "{output}"\nGENERATE_HTML = {"YES" if with_html else "NO"}\n'
    done = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, text=True, check=False)
    if done.returncode != 0:
        sys.exit("doxygen is not content with the SDK's headers")
    return read_entries(output / "xml")


def main(words):
    if words[0] == "--filter":
        sys.stdout.write(filtered(pathlib.Path(words[1])))
        return
    check = words[0] == "--check"
    headers = run_doxygen(pathlib.Path(words[-1]).resolve(), with_html=not check)
    surface, (page, faults) = surface_of(headers), page_of(headers)
    old = SURFACE.read_text() if SURFACE.exists() else surface
    faults += filter(None, [fault_of_version(old, surface)])
    for file, fresh in ((SURFACE, surface), (PAGE, page)):
        stale = file.read_text() if file.exists() else ""
        name = file.relative_to(ROOT)
        if check and stale != fresh:
            sys.stdout.writelines(
                difflib.unified_diff(stale.splitlines(True), fresh.splitlines(True), str(name), "fresh"))
            faults.append(f"{name} is stale: run ./dev docs, and judge whether plugins of others can follow")
        elif not check and not faults:
            file.write_text(fresh)
            print(f"wrote {name}")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
