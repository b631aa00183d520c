#!/usr/bin/env python3
"""parquet_bench [FOLDER]: records into and out of Parquet files, the engine against others in turns in the same run.

What is counted is the JSON of the records. Out: JSON Lines to Parquet (zstd); in: Parquet to JSON Lines. pyarrow does the
same with what its users have: read_json and write_table, and to_pylist and json.dumps; DuckDB with COPY. Both have one
thread; rare-engine has what it takes, and its processor seconds are shown. pyarrow's own columns without any record, both
ways, are shown beside it.
"""

import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve()
os.environ.setdefault("RARE_TEST_BUILD", str(here.parent.parent))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", "e2e"))
sys.path[:0] = os.environ["RARE_TEST_PEERS"].split(":")

import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.json  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from harness import ENGINE, EngineTest, passages  # noqa: E402

RECORDS = int(os.environ.get("RARE_BENCH_RECORDS", "100000"))
TURNS = 3


def records(count):
    chance = random.Random(1)
    texts = [passage["text"] for passage in passages(200)]
    for number in range(count):
        yield {"id": f"doc-{number}", "question": chance.choice(texts)[:120], "text": chance.choice(texts),
               "score": chance.random() * 30, "rank": number,
               "negatives": [{"id": f"doc-{chance.randrange(count)}", "score": chance.random() * 30,
                              "text": chance.choice(texts)[:300]} for _ in range(3)]}


class Bench(EngineTest):
    def in_turns(self, works):
        """The best time of each, of rounds in which each had its turn."""
        best = {}
        for _ in range(TURNS):
            for name, work in works.items():
                begin = time.monotonic()
                work()
                best[name] = min(best.get(name, 1e9), time.monotonic() - begin)
        return best

    def convert(self, read, write):
        pipeline = self.write("p.yaml", f"""
name: p
nodes:
  - {{ name: read, use: files.read, with: {{ path: {read} }} }}
  - {{ name: write, use: files.write, with: {{ path: {write} }} }}
""")
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        # By way of a shell that forks: a process's peak begins with that of whoever becomes it, and this one is large.
        subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", ENGINE, pipeline, "--fresh", "--progress", "none"],
                       cwd=self.folder, env=self.environment, check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.peaks_mb[write] = self.manifest("p")["peak_rss_bytes"] / 1e6
        seconds = used.ru_utime + used.ru_stime - begin.ru_utime - begin.ru_stime
        self.processor_s[write] = min(self.processor_s.get(write, 1e9), seconds)

    def pyarrow_out(self):
        table = pyarrow.json.read_json(self.folder / "in.jsonl",
                                       read_options=pyarrow.json.ReadOptions(use_threads=False))
        pq.write_table(table, self.folder / "peer.parquet", compression="zstd")

    def pyarrow_in(self):
        with open(self.folder / "peer.jsonl", "w", encoding="utf-8") as out:
            for batch in pq.ParquetFile(self.folder / "a.parquet").iter_batches(batch_size=1000, use_threads=False):
                for row in batch.to_pylist():
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")

    def duckdb_out(self):
        self.duckdb.sql(f"COPY (SELECT * FROM read_json('{self.folder}/in.jsonl', format='newline_delimited')) "
                        f"TO '{self.folder}/peer.parquet' (FORMAT parquet, COMPRESSION zstd)")

    def duckdb_in(self):
        self.duckdb.sql(f"COPY (SELECT * FROM '{self.folder}/a.parquet') TO '{self.folder}/peer.jsonl' (FORMAT json)")

    def runTest(self):
        pa.set_cpu_count(1)
        self.duckdb = duckdb.connect(config={"threads": 1})
        with open(self.folder / "in.jsonl", "w", encoding="utf-8") as out:
            for record in records(RECORDS):
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        megabytes = (self.folder / "in.jsonl").stat().st_size / 1e6
        table = pyarrow.json.read_json(self.folder / "in.jsonl")
        self.peaks_mb, self.processor_s = {}, {}
        seconds = self.in_turns({
            "out": lambda: self.convert("in.jsonl", "a.parquet"),
            "out, pyarrow": self.pyarrow_out,
            "out, DuckDB": self.duckdb_out,
            "out, pyarrow's columns alone":
                lambda: pq.write_table(table, self.folder / "peer.parquet", compression="zstd"),
        }) | self.in_turns({
            "in": lambda: self.convert("a.parquet", "b.jsonl"),
            "in, pyarrow": self.pyarrow_in,
            "in, DuckDB": self.duckdb_in,
            "in, pyarrow's columns alone": lambda: pq.read_table(self.folder / "a.parquet", use_threads=False),
        })
        self.rows = {name: megabytes / best for name, best in seconds.items()}
        self.megabytes = megabytes


def main():
    bench = Bench()
    bench.setUp()
    try:
        bench.runTest()
    finally:
        bench.doCleanups()
    print(f"{RECORDS} records, {bench.megabytes:.0f} MB of JSON; best of {TURNS}; the engine's peak memory out "
          f"{bench.peaks_mb['a.parquet']:.0f} MB, in {bench.peaks_mb['b.jsonl']:.0f} MB; processor seconds out "
          f"{bench.processor_s['a.parquet']:.2f}, in {bench.processor_s['b.jsonl']:.2f}")
    for name, rate in bench.rows.items():
        print(f"  {name:32} {rate:7.1f} MB/s")
    if len(sys.argv) > 1:
        path = pathlib.Path(sys.argv[1]) / "parquet_bench.json"
        path.write_text(json.dumps({"records": RECORDS, "megabytes": bench.megabytes,
                                    "peak_mb": bench.peaks_mb, "processor_s": bench.processor_s,
                                    "megabytes_per_second": bench.rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
