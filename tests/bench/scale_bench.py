#!/usr/bin/env python3
"""scale_bench [FOLDER] [--rows NAME,...] [--records N] [--parts N] [--bytes N]: what it costs to run in shards.

  overhead  records that ask a language model once each, 50 ms an answer: 16 shards, as many at once as there are
            cores, against one run with as many requests under way; from the start of the first process to the end
            of the last one, so that the start of each is in it, and the counting of the input, too
  counting  the pass that divides an input of JSON Lines, against reading the same file (`cat`)
  finish    `rare-engine finish` of so many parts, 1,000 rows in all

Runs take turns, and the least of three counts.
"""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
os.environ.setdefault("RARE_TEST_BUILD", str(BUILD))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
for folder in ("e2e", "bench"):
    sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", folder))
from bench_rows import Rows, parser_of, run_chosen  # noqa: E402  (found by the lines above)
from harness import ProtocolServer  # noqa: E402

CORES, SHARDS, IN_FLIGHT, TURNS, HANG_S = os.cpu_count(), 16, 64, 3, 3600
ASKING = """
name: asking
services:
  teacher: {{ use: llm.openai, with: {{ base_url: "{url}", model: test-model, max_in_flight: {in_flight} }} }}
nodes:
  - {{ name: read, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: answers, use: llm.generate, parallelism: {in_flight}, with: {{ llm: teacher, prompt: "Say something of {{{{n}}}}" }} }}
  - {{ name: rows, use: files.write, with: {{ path: out/rows.jsonl }} }}
"""
COPYING = """
name: copying
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }
"""


def timed(*command, cwd):
    begin = time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=HANG_S, check=False)
    if done.returncode != 0:
        sys.exit(f"scale_bench: {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.monotonic() - begin


class Bench(Rows):
    WIDTHS = (40, 10, 12)

    def __init__(self, folder, options):
        super().__init__()
        self.folder, self.options = folder, options

    def fresh(self, pipeline):
        for name in (".rare", "out", "shared", "local"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "p.yaml").write_text(pipeline)

    def write_input(self, records, length=0):
        with open(self.folder / "in.jsonl", "w", encoding="utf-8") as lines:
            for number in range(records):
                lines.write(json.dumps({"n": number, "text": "x" * length}) + "\n")

    def shard(self, number, shards):
        return timed(ENGINE, "run", "p.yaml", "--progress", "none", "--shard", f"{number}/{shards}", "--out", "shared",
                     "--state-dir", f"local/{number}", "--cache", f"local/{number}.db", cwd=self.folder)

    def overhead(self):
        self.write_input(self.options.records)
        one, many = [], []
        with ProtocolServer("--latency-ms", 50) as server:
            for _ in range(TURNS):
                self.fresh(ASKING.format(url=server.url, in_flight=IN_FLIGHT))
                one.append(timed(ENGINE, "p.yaml", "--progress", "none", cwd=self.folder))
                self.fresh(ASKING.format(url=server.url, in_flight=IN_FLIGHT // CORES))
                begin = time.monotonic()
                with concurrent.futures.ThreadPoolExecutor(CORES) as at_once:
                    list(at_once.map(lambda number: self.shard(number, SHARDS), range(SHARDS)))
                many.append(time.monotonic() - begin)
        more = min(many) / min(one) - 1
        self.row(f"{SHARDS} shards, time more than one run", f"{100 * more:.1f}%", "< 3%", more < 0.03, one_s=min(one), shards_s=min(many),
                 records=self.options.records, each_shard_more_s=(min(many) - min(one)) * CORES / SHARDS)

    def counting(self):
        length = 1000
        self.write_input(self.options.bytes // (length + 30), length)
        size = (self.folder / "in.jsonl").stat().st_size
        counted, read = [], []
        for _ in range(TURNS):
            self.fresh(COPYING)
            # Of many shards the first one does little but count.
            counted.append(self.shard(0, 1000))
            read.append(timed("sh", "-c", "cat in.jsonl > /dev/null", cwd=self.folder))
            self.shard(1, 1000)
        again = self.shard(2, 1000)
        self.row("counting the input", f"{size / min(counted) / 1e6:,.0f} MB/s", "", None, bytes=size, seconds=min(counted),
                 cat_mb_per_s=f"{size / min(read) / 1e6:,.0f}", one_shard_s=again)

    def finish(self):
        self.write_input(1000)
        took = []
        for _ in range(TURNS):
            self.fresh(COPYING)
            with concurrent.futures.ThreadPoolExecutor(CORES) as at_once:
                list(at_once.map(lambda number: self.shard(number, self.options.parts), range(self.options.parts)))
            took.append(timed(ENGINE, "finish", "shared", cwd=self.folder))
        self.row(f"finish of {self.options.parts:,} parts", f"{min(took):.2f} s", "< 5 s", min(took) < 5, all=[f"{t:.2f}" for t in took])


ROWS = {"overhead": Bench.overhead, "counting": Bench.counting, "finish": Bench.finish}


def main():
    parser = parser_of("scale_bench", __doc__, ROWS)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--parts", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=2_000_000_000)
    options, bench = run_chosen(parser, "scale_bench", Bench, ROWS)
    if options.folder:
        (options.folder / "scale_bench.json").write_text(json.dumps({"cores": CORES, "rows": bench.rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
