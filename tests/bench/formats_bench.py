#!/usr/bin/env python3
"""formats_bench [FOLDER] [--mb N] [--rows memory]: what reading and writing each format costs, one thread of it.

Passages of some 800 bytes, the same in every file, read by `rare-engine count`, converted by
`rare-engine convert`, and read by peers: JSON Lines by nlohmann's parser alone, CSV by pandas with its C
engine (the Python of RARE_BENCH_PEERS), both by DuckDB with one thread (the packages of RARE_TEST_PEERS).
Megabytes of the unpacked file a second of the whole process, its start included (said apart); best of three.

With `--rows memory` nothing of that, but the peak memory of `count` and `convert` over 0.1, 1 and 10 GB (unpacked) that
come through a pipe: it should not depend on how much that is.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
NLOHMANN = BUILD / "bin" / "nlohmann_lines"
PEERS = os.environ.get("RARE_BENCH_PEERS")
PANDAS = ("import sys, pandas; print(len(pandas.read_csv(sys.argv[1], engine='c', dtype=str, "
          "keep_default_na=False)))")
PANDAS_START = "import pandas"
# Its packages; it counts rows whose every cell it has read.
DUCKDB_PEERS = os.environ.get("RARE_TEST_PEERS")
DUCKDB = ("import sys; sys.path[:0] = sys.argv[1].split(':'); import duckdb; duckdb.sql('SET threads = 1'); "
          "print(duckdb.sql('SELECT count(*) FROM ' + sys.argv[2] + ' WHERE length(id) + length(text) + "
          "length(title) + length(year) >= 0').fetchall()[0][0])")
DUCKDB_START = "import sys; sys.path[:0] = sys.argv[1].split(':'); import duckdb; duckdb.sql('SET threads = 1')"


def records(megabytes):
    chance = random.Random(1)
    words = ["".join(chance.choice("etaoinshrdlu") for _ in range(chance.randint(2, 9))) for _ in range(5000)]
    written = 0
    number = 0
    while written < megabytes * 1_000_000:
        text = " ".join(chance.choice(words) for _ in range(130))
        if number % 3 == 0:
            text = f'He said "{text[:40]}",\nthen {text[40:]}'
        yield {"id": f"p{number}", "text": text, "title": chance.choice(words), "year": str(chance.randint(1900, 2024))}
        written += len(text) + 60
        number += 1


def best(command, expected=None):
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds.append(time.monotonic() - began)
        if done.returncode != 0 or (expected is not None and done.stdout.strip() != str(expected)):
            sys.exit(f"formats_bench: {command} gave {done.returncode}: {done.stdout}{done.stderr}")
    return min(seconds)


def row(results, what, megabytes, seconds):
    results[what] = {"megabytes": round(megabytes, 1), "seconds": round(seconds, 3)}
    rate = f"{megabytes / seconds:8.0f} MB/s" if megabytes else " " * 13
    print(f"  {what:<44} {rate}   {seconds:7.2f} s", flush=True)


def peak_mb(command, once, block, times, end):
    """Of a process that reads `block` so many times."""
    process = subprocess.Popen([ENGINE, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    process.stdin.write(once)
    for _ in range(times):
        process.stdin.write(block)
    process.stdin.write(end)
    process.stdin.flush()
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    process.stdin.close()
    said = process.stderr.read()
    if process.wait() != 0:
        sys.exit(f"formats_bench: {command} gave {process.returncode}: {said.decode()}")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def memory_rows(results):
    lines = "".join(json.dumps(record) + "\n" for record in records(1))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        table = io.StringIO()
        rows = csv.DictWriter(table, ["id", "text", "title", "year"])
        rows.writerows(records(1))
        (folder / "a.jsonl").write_text(lines)
        for packed in ("a.jsonl.zst", "a.jsonl.gz"):
            subprocess.run([ENGINE, "convert", folder / "a.jsonl", folder / packed], check=True, capture_output=True)
        inputs = {"JSON Lines": ("jsonl", b"", lines.encode(), len(lines)),
                  "CSV": ("csv", b"id,text,title,year\n", table.getvalue().encode(), len(table.getvalue())),
                  "JSON": ("json", b"[{}", b"," + lines.encode()[:-1].replace(b"\n", b","), len(lines)),
                  "zstd": ("jsonl", b"", (folder / "a.jsonl.zst").read_bytes(), len(lines)),
                  "gzip": ("jsonl", b"", (folder / "a.jsonl.gz").read_bytes(), len(lines))}
        print(f"  {'peak memory, MB':<44} {'0.1 GB':>9} {'1 GB':>9} {'10 GB':>9}")
        for what, (kind, once, block, unpacked) in inputs.items():
            for verb in (["count", "-"], ["convert", "-", ""]):
                if verb[0] == "convert":
                    verb[2] = folder / f"out.{kind}"
                    verb.append("--overwrite")
                # What 10 GB become must fit on the disk: convert has a tenth.
                sizes = (0.1, 1, 10) if verb[0] == "count" else (0.01, 0.1, 1)
                end = b"]" if kind == "json" else b""
                peaks = [peak_mb([*verb, "--format", kind], once, block, int(size * 1e9 / unpacked), end)
                         for size in sizes]
                title = f"{what}: {verb[0]}" + (" (a tenth of that)" if verb[0] == "convert" else "")
                results[title] = dict(zip(map(str, sizes), (round(peak, 1) for peak in peaks)))
                print(f"  {title:<44} " + " ".join(f"{peak:9.1f}" for peak in peaks), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--rows", choices=["speed", "memory"], default="speed")
    arguments = parser.parse_args()
    results = {}
    if arguments.rows == "memory":
        memory_rows(results)
        pathlib.Path(arguments.folder, "formats_memory.json").write_text(json.dumps(results, indent=1) + "\n")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        count = 0
        with open(folder / "a.jsonl", "w") as lines, open(folder / "a.csv", "w", newline="") as table:
            rows = csv.DictWriter(table, ["id", "text", "title", "year"])
            rows.writeheader()
            for record in records(arguments.mb):
                lines.write(json.dumps(record) + "\n")
                rows.writerow(record)
                count += 1
        size = {kind: (folder / f"a.{kind}").stat().st_size / 1e6 for kind in ("jsonl", "csv")}
        print(f"{count} records, {size['jsonl']:.0f} MB of JSON Lines")
        row(results, "start of rare-engine", 0, best([ENGINE, "--version"]))
        row(results, "JSON Lines: rare-engine count", size["jsonl"], best([ENGINE, "count", folder / "a.jsonl"], count))
        row(results, "JSON Lines: nlohmann alone", size["jsonl"], best([NLOHMANN, folder / "a.jsonl"], count))
        row(results, "CSV: rare-engine count", size["csv"], best([ENGINE, "count", folder / "a.csv"], count))
        if PEERS:
            row(results, "start of pandas", 0, best([PEERS, "-c", PANDAS_START]))
            row(results, "CSV: pandas, C engine", size["csv"], best([PEERS, "-c", PANDAS, folder / "a.csv"], count))
        if DUCKDB_PEERS:
            row(results, "start of DuckDB", 0, best([sys.executable, "-c", DUCKDB_START, DUCKDB_PEERS]))
            columns = "columns = {id: 'VARCHAR', text: 'VARCHAR', title: 'VARCHAR', year: 'VARCHAR'}"
            for what, kind, table in (
                    ("JSON Lines", "jsonl", f"read_json('{folder}/a.jsonl', format = 'newline_delimited', {columns})"),
                    ("CSV", "csv", f"read_csv('{folder}/a.csv', all_varchar = true)")):
                row(results, f"{what}: DuckDB, one thread", size[kind],
                    best([sys.executable, "-c", DUCKDB, DUCKDB_PEERS, table], count))
        for target in ("b.jsonl", "b.json", "b.csv", "b.jsonl.zst", "b.jsonl.gz"):
            row(results, f"JSON Lines to {target[2:]}: rare-engine convert", size["jsonl"],
                best([ENGINE, "convert", folder / "a.jsonl", folder / target, "--overwrite"]))
        for packed in ("b.jsonl.zst", "b.jsonl.gz"):
            row(results, f"{packed[2:]}: rare-engine count", size["jsonl"], best([ENGINE, "count", folder / packed], count))
    pathlib.Path(arguments.folder, "formats_bench.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
