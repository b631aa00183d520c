#!/usr/bin/env python3
"""bm25_corpus FOLDER [COUNT]: the corpora and queries of bm25_bench, made once and kept; with COUNT, the
synthetic corpus of that many passages alone.

  english    the texts of Debian documentation packages (PACKAGES), fetched with apt and unpacked, not
             installed: HTML stripped of tags, cut into passages of about 100 words, repeated passages
             left out. Queries: runs of 45 words (long) and of 8 words (short) out of passages.
  zipf       synthetic passages of 60 words whose frequencies follow Zipf's law, and queries of 30 words
             drawn in the same way, so that time can be seen to grow with the corpus.

Each corpus is NAME.jsonl, a {"text": ...} a line; queries are a line each. Deterministic.
"""

import html.parser
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

PACKAGES = ["linux-doc-6.1", "cppreference-doc-en-html", "python3.11-doc", "postgresql-doc-15", "debian-policy",
            "developers-reference", "libboost1.74-doc", "git-doc", "octave-doc", "maxima-doc", "sqlite3-doc",
            "r-doc-html", "vim-doc", "emacs-common", "openjdk-17-doc", "php-doc", "erlang-doc", "ruby-doc"]
WORDS_A_PASSAGE = 100
LEAST_WORDS = 30
MOST_PASSAGES = 200_000
LONG_WORDS, SHORT_WORDS, QUERIES = 45, 8, 1000


class Text(html.parser.HTMLParser):
    """What a page shows, with a blank line between blocks."""

    SILENT = {"script", "style", "head", "nav"}
    BLOCK = {"p", "div", "li", "td", "tr", "table", "pre", "h1", "h2", "h3", "h4", "dt", "dd", "br", "section"}

    def __init__(self):
        super().__init__()
        self.pieces, self.silent = [], 0

    def handle_starttag(self, tag, attributes):
        self.silent += tag in self.SILENT
        if tag in self.BLOCK:
            self.pieces.append("\n")

    def handle_endtag(self, tag):
        self.silent -= tag in self.SILENT and self.silent > 0
        if tag in self.BLOCK:
            self.pieces.append("\n")

    def handle_data(self, data):
        if not self.silent:
            self.pieces.append(data)


def unpacked(package, folder):
    """Fetches and unpacks the package into a folder of its own; whether it could be had."""
    done = subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    files = list(pathlib.Path(folder).glob("*.deb"))
    if done.returncode != 0 or not files:
        print(f"bm25_corpus: the package {package} cannot be had; the corpus is made without it", file=sys.stderr)
        return False
    subprocess.run(["dpkg-deb", "-x", files[0], "."], cwd=folder, check=True)
    files[0].unlink()
    return True


def pages(folder):
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > 4 << 20:
            continue
        if path.suffix in (".html", ".htm"):
            parser = Text()
            parser.feed(path.read_text(encoding="utf-8", errors="replace"))
            yield "".join(parser.pieces)
        elif path.suffix in (".txt", ".rst"):
            yield path.read_text(encoding="utf-8", errors="replace")


def passages(page):
    words = []
    for line in page.split("\n"):
        words += line.split()
        if len(words) >= WORDS_A_PASSAGE:
            yield " ".join(words[:2 * WORDS_A_PASSAGE])
            words = []
    if len(words) >= LEAST_WORDS:
        yield " ".join(words)


def write_lines(path, lines):
    unfinished = path.with_suffix(".tmp")
    with open(unfinished, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    unfinished.rename(path)


def english(folder):
    seen, texts = set(), []
    for package in PACKAGES:
        if len(texts) >= MOST_PASSAGES:
            break
        with tempfile.TemporaryDirectory() as place:
            if not unpacked(package, place):
                continue
            for page in pages(place):
                for passage in passages(page):
                    key = re.sub(r"\W+", " ", passage).lower()
                    if key not in seen:
                        seen.add(key)
                        texts.append(passage)
        print(f"bm25_corpus: {len(texts)} passages after {package}", file=sys.stderr)
    del texts[MOST_PASSAGES:]
    draw = random.Random(7)
    for name, count in (("long", LONG_WORDS), ("short", SHORT_WORDS)):
        queries = []
        while len(queries) < QUERIES:
            words = re.findall(r"[A-Za-z][a-z]+", draw.choice(texts))
            if len(words) >= count:
                begin = draw.randrange(len(words) - count + 1)
                queries.append(" ".join(words[begin:begin + count]))
        write_lines(folder / f"english.{name}.txt", queries)
    write_lines(folder / "english.jsonl", (json.dumps({"text": text}) for text in texts))


def zipf(folder, count):
    draw = random.Random(11)
    # Ranks by inverting the continuous law with exponent 1 over a vocabulary of a million words; drawn first
    # into a pool, as ten million passages have 600 million words.
    vocabulary = 1_000_000
    pool = [f"w{int(vocabulary ** draw.random())}" for _ in range(4_000_000)]

    def words(number):
        return " ".join(draw.choices(pool, k=number))

    write_lines(folder / f"zipf{count}.long.txt", (words(30) for _ in range(200)))
    write_lines(folder / f"zipf{count}.jsonl", (f'{{"text": "{words(60)}"}}' for _ in range(count)))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    counts = [int(count) for count in sys.argv[2:]]
    if not counts and not (folder / "english.jsonl").exists():
        english(folder)
    for count in counts or (100_000, 1_000_000):
        if not (folder / f"zipf{count}.jsonl").exists():
            zipf(folder, count)


if __name__ == "__main__":
    main()
