#!/usr/bin/env python3
"""Writes unicode_tables.cc from the Unicode Character Database.

    generate_unicode_tables.py /usr/share/unicode > unicode_tables.cc     (Debian: unicode-data)

Three tables come out: the class of each code point as the word-break automaton sees it, the
automaton itself, and simple lower-case mappings.

The rules are those of UAX #29 (word boundaries), read as Lucene's StandardTokenizer reads them: a
token is the longest match of one of a few patterns, the first of them where two match as much, and
what starts no token is skipped.

    emoji       the emoji_sequence of UTS #51
    number      WB8, WB11 and WB12
    hangul      a run of letters of script Hangul; likewise katakana
    word        WB5-WB13b as one regular expression; WB4 lets Extend, Format and ZWJ follow anything
    south-east  a run of characters with Line_Break=Complex_Context (Thai, Lao, Khmer, Myanmar)
    han         one character of script Han; likewise Hiragana

Hangul, katakana, han and hiragana are tokens of kind "cjk", the others of kind "word".

Lucene's tokenizer knows Unicode 12.1. The database at hand may be newer: characters younger than
12.1 are taken out, and CHANGED_SINCE_12_1 undoes what was changed for older ones.
"""

import collections
import sys
from pathlib import Path

UNICODE_VERSION = (12, 1)
LAST_CODE_POINT = 0x10FFFF

# Older characters whose properties differ between Unicode 12.1 and 15.0: (first, last, property set,
# member in 12.1?). Found by running Lucene 9.12 and these tables over every code point in 52
# contexts; with them the two agree everywhere.
CHANGED_SINCE_12_1 = [
    (0x02E5, 0x02EB, "wb:ALetter", False),
    (0x055A, 0x055A, "wb:ALetter", False),
    (0x055F, 0x055F, "wb:MidLetter", False),
    (0x058A, 0x058A, "wb:ALetter", False),
    (0xA708, 0xA716, "wb:ALetter", False),
    (0x16FE2, 0x16FE2, "script:Han", False),
    (0x1FB00, 0x1FBFF, "emoji:Extended_Pictographic", True),
]


def rows(path):
    """(first, last, value) of each line of a UCD property file."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        fields = [field.strip() for field in line.split(";")]
        first, _, last = fields[0].partition("..")
        yield int(first, 16), int(last or first, 16), fields[1]


class Properties:
    """Sets of code points by name, as of UNICODE_VERSION."""

    def __init__(self, folder):
        self.sets = collections.defaultdict(set)
        self.lower = {}
        assigned = set()
        for first, last, age in rows(folder / "DerivedAge.txt"):
            if tuple(int(part) for part in age.split(".")) <= UNICODE_VERSION:
                assigned.update(range(first, last + 1))
        self._read(folder / "auxiliary/WordBreakProperty.txt", "wb", assigned)
        self._read(folder / "Scripts.txt", "script", assigned, {"Han", "Hangul", "Hiragana"})
        self._read(folder / "LineBreak.txt", "lb", assigned, {"SA"})
        # Reserved code points are Extended_Pictographic on purpose: no look at the age.
        self._read(folder / "emoji/emoji-data.txt", "emoji", None)
        self._read_unicode_data(folder / "UnicodeData.txt", assigned)
        for first, last, name, member in CHANGED_SINCE_12_1:
            for code_point in range(first, last + 1):
                (self.sets[name].add if member else self.sets[name].discard)(code_point)

    def _read(self, path, prefix, assigned, wanted=None):
        for first, last, value in rows(path):
            if wanted is not None and value not in wanted:
                continue
            points = range(first, last + 1)
            self.sets[f"{prefix}:{value}"].update(
                points if assigned is None else (p for p in points if p in assigned))

    def _read_unicode_data(self, path, assigned):
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = line.split(";")
            code_point, category = int(fields[0], 16), fields[2]
            if code_point not in assigned:
                continue
            if fields[13]:
                self.lower[code_point] = int(fields[13], 16)
            if category[0] in "PZ" or category in ("Cc", "Cf"):
                self.sets["ignorable"].add(code_point)
            if category == "Nd" and 0xFF00 <= code_point <= 0xFFEF:
                self.sets["wide digit"].add(code_point)


def atoms(properties):
    """The sets that the patterns below are made of."""
    s = properties.sets
    keycap_base = {ord(c) for c in "0123456789#*"}
    no_emoji_alone = {0xA9, 0xAE, 0x2122, 0x3030, 0x303D}
    selectors = {0xFE0E, 0xFE0F}
    follows = s["wb:Extend"] | s["wb:Format"] | s["wb:ZWJ"]
    letter = s["wb:ALetter"] | s["wb:Hebrew_Letter"]
    return {
        "follows": follows,
        "follows, no selector": follows - selectors,
        "zwj": s["wb:ZWJ"],
        "letter": letter,
        "hangul": letter & s["script:Hangul"],
        "hebrew": s["wb:Hebrew_Letter"],
        "digit": s["wb:Numeric"] | s["wide digit"],
        "katakana": s["wb:Katakana"],
        "in letters": s["wb:MidLetter"] | s["wb:MidNumLet"] | s["wb:Single_Quote"],
        "in digits": s["wb:MidNum"] | s["wb:MidNumLet"] | s["wb:Single_Quote"],
        "joiner": s["wb:ExtendNumLet"],
        "single quote": s["wb:Single_Quote"],
        "double quote": s["wb:Double_Quote"],
        "south-east": s["lb:SA"],
        "han": s["script:Han"],
        "hiragana": s["script:Hiragana"],
        "emoji": s["emoji:Extended_Pictographic"]
        | (s["emoji:Emoji"] - s["wb:Regional_Indicator"] - keycap_base - no_emoji_alone
           - s["emoji:Emoji_Modifier"]),
        "modifier": s["emoji:Emoji_Modifier"],
        "modifier base": s["emoji:Emoji_Modifier_Base"],
        "emoji selector": {0xFE0F},
        "keycap base": keycap_base,
        "keycap": {0x20E3},
        "flag letter": s["wb:Regional_Indicator"],
        "tag": set(range(0xE0020, 0xE007F)),
        "tag end": {0xE007F},
    }


# Regular expressions as nested tuples.
def one(name):
    return ("one", name)


def seq(*parts):
    return ("seq", parts)


def either(*parts):
    return ("either", parts)


def many(part):
    return ("many", part)


def some(part):
    return seq(part, many(part))


def maybe(part):
    return either(part, seq())


# Kinds of tokens, as TokenKind in tokenizer.h numbers them; 0 is no token.
WORD, CJK = 1, 2


def tokens():
    """(pattern, kind) of all tokens; of two that match as much the first counts."""
    def with_followers(name):  # WB4
        return seq(one(name), many(one("follows")))

    letter, digit = with_followers("letter"), with_followers("digit")
    hebrew, katakana = with_followers("hebrew"), with_followers("katakana")
    joiner = with_followers("joiner")

    def chain(part, link):  # part, and more of it with joiners or one link between
        return seq(part, many(seq(either(many(joiner), link), part)))

    run = either(
        seq(katakana, many(seq(many(joiner), katakana))),
        some(either(
            seq(hebrew, either(with_followers("single quote"),
                               seq(with_followers("double quote"), hebrew))),
            chain(digit, with_followers("in digits")),
            chain(letter, with_followers("in letters")))))
    word = seq(many(joiner), run, many(seq(some(joiner), run)), many(joiner))

    def with_marks(name):
        return seq(one(name), many(one("follows, no selector")))

    pictogram = either(
        seq(many(one("zwj")), with_marks("emoji"), maybe(one("emoji selector"))),
        seq(maybe(seq(many(one("zwj")), with_marks("modifier base"))), with_marks("modifier")))
    emoji = either(
        seq(pictogram, either(many(seq(one("zwj"), pictogram)),
                              seq(some(one("tag")), one("tag end")))),
        seq(with_marks("keycap base"), maybe(one("emoji selector")), with_marks("keycap")),
        seq(with_followers("flag letter"), with_followers("flag letter")))
    number = seq(many(joiner), chain(digit, with_followers("in digits")), many(joiner))
    return [(emoji, WORD), (number, WORD), (some(with_followers("hangul")), CJK),
            (some(katakana), CJK), (word, WORD), (some(with_followers("south-east")), WORD),
            (with_followers("han"), CJK), (with_followers("hiragana"), CJK)]


class Automaton:
    """Thompson's construction, then the subset construction, then Moore's minimisation."""

    def __init__(self, patterns, classes):
        self.edges = []  # of the nondeterministic automaton: state -> [(atom or None, state)]
        start, ends = self._state(), []
        for expression, kind in patterns:
            first, last = self._add(expression)
            self.edges[start].append((None, first))
            ends.append((last, kind))
        self.classes = classes  # class number -> frozenset of atom names
        self._determinise(start, ends)
        self._minimise()

    def _state(self):
        self.edges.append([])
        return len(self.edges) - 1

    def _add(self, expression):
        kind, argument = expression
        start, end = self._state(), self._state()
        if kind == "one":
            self.edges[start].append((argument, end))
        elif kind == "seq":
            at = start
            for part in argument:
                first, last = self._add(part)
                self.edges[at].append((None, first))
                at = last
            self.edges[at].append((None, end))
        elif kind == "either":
            for part in argument:
                first, last = self._add(part)
                self.edges[start].append((None, first))
                self.edges[last].append((None, end))
        else:  # many
            first, last = self._add(argument)
            self.edges[start] += [(None, first), (None, end)]
            self.edges[last] += [(None, first), (None, end)]
        return start, end

    def _closure(self, states):
        found, work = set(states), list(states)
        while work:
            for atom, target in self.edges[work.pop()]:
                if atom is None and target not in found:
                    found.add(target)
                    work.append(target)
        return frozenset(found)

    def _determinise(self, start, ends):
        first = self._closure([start])
        numbers, order, self.next = {first: 0}, [first], []
        for states in order:  # grows
            row = []
            for names in self.classes:
                targets = self._closure(
                    [t for s in states for a, t in self.edges[s] if a in names])
                if not targets:
                    row.append(None)
                    continue
                if targets not in numbers:
                    numbers[targets] = len(order)
                    order.append(targets)
                row.append(numbers[targets])
            self.next.append(row)
        self.kind = [next((kind for end, kind in ends if end in states), 0) for states in order]

    def _minimise(self):
        group = list(self.kind)
        while True:
            keys = [(group[s], tuple(None if t is None else group[t] for t in row))
                    for s, row in enumerate(self.next)]
            numbers = {}
            for key in keys:  # state 0 stays group 0
                numbers.setdefault(key, len(numbers))
            if len(numbers) == len(set(group)):
                break
            group = [numbers[key] for key in keys]
        merged = {}
        for state, row in enumerate(self.next):
            merged.setdefault(group[state], (
                [None if t is None else group[t] for t in row], self.kind[state]))
        order = sorted(merged, key=lambda g: (g != group[0], g))
        renumber = {g: i for i, g in enumerate(order)}
        self.next = [[None if t is None else renumber[t] for t in merged[g][0]] for g in order]
        self.kind = [merged[g][1] for g in order]


def classify(sets):
    """Code points that no pattern tells apart share a class; class 0 is in no set at all."""
    members = collections.defaultdict(set)
    for name, points in sets.items():
        for point in points:
            members[point].add(name)
    signatures = collections.Counter(frozenset(names) for names in members.values())
    ordered = sorted(signatures, key=lambda names: (-signatures[names], sorted(names)))
    classes = [frozenset()] + ordered
    number = {names: i for i, names in enumerate(classes)}
    return classes, {point: number[frozenset(names)] for point, names in members.items()}


def ranges(value_of, points):
    out = []
    for point in sorted(points):
        value = value_of(point)
        if out and out[-1][1] == point - 1 and out[-1][2] == value:
            out[-1][1] = point
        else:
            out.append([point, point, value])
    return out


def lower_runs(lower):
    """(first, last, step, distance): every step-th code point maps to itself plus distance."""
    out = []
    for point in sorted(lower):
        distance = lower[point] - point
        if out:
            first, last, step, d = out[-1]
            gap = point - last
            if d == distance and gap <= 2 and (step in (0, gap)):
                out[-1] = [first, point, gap, d]
                continue
        out.append([point, point, 0, distance])
    return [[first, last, step or 1, d] for first, last, step, d in out]


def emit(items):
    line = " "
    for item in items:
        if len(line) + 1 + len(item) + 1 > 100:
            print(line)
            line = " "
        line += " " + item + ","
    if line.strip():
        print(line)


def main():
    properties = Properties(Path(sys.argv[1]))
    classes, class_of = classify(atoms(properties))
    automaton = Automaton(tokens(), classes)
    dead = len(automaton.next)
    print("// Generated by generate_unicode_tables.py from the Unicode Character Database, as of")
    print(f"// Unicode {UNICODE_VERSION[0]}.{UNICODE_VERSION[1]}. Do not edit.")
    print("// size: tables that a program wrote")
    print('#include "plugins/bm25/unicode_tables.h"\n')
    print("namespace rare::bm25 {\n\n// clang-format off")
    points = set(class_of) | properties.sets["ignorable"]
    entries = ranges(
        lambda p: (class_of.get(p, 0), p in properties.sets["ignorable"]), points)
    print("const CodePointRange kCodePointRanges[] = {")
    emit(f"{{{a:#x}, {b:#x}, {c}, {int(i)}}}" for a, b, (c, i) in entries)
    print("};\nconst std::size_t kCodePointRangeCount = std::size(kCodePointRanges);\n")
    print("const LowerCaseRun kLowerCaseRuns[] = {")
    emit(f"{{{a:#x}, {b:#x}, {s}, {d}}}" for a, b, s, d in lower_runs(properties.lower))
    print("};\nconst std::size_t kLowerCaseRunCount = std::size(kLowerCaseRuns);\n")
    print(f"static_assert(kWordBreakClassCount == {len(classes)});")
    print(f"static_assert(kWordBreakDeadState == {dead});")
    print("const std::uint8_t kWordBreakNext[kWordBreakDeadState][kWordBreakClassCount] = {")
    for row in automaton.next:
        print("  {" + ", ".join(str(dead if t is None else t) for t in row) + "},")
    print("};\n\nconst std::uint8_t kWordBreakKind[kWordBreakDeadState] = {")
    emit(str(kind) for kind in automaton.kind)
    print("};\n// clang-format on\n\n}  // namespace rare::bm25")
    print(f"{len(classes)} classes, {dead} states, {len(entries)} ranges", file=sys.stderr)
    for number, names in enumerate(classes):
        sample = next((p for p, c in class_of.items() if c == number), None)
        print(number, sorted(names), sample and f"{sample:#x}", file=sys.stderr)


main()
