#!/usr/bin/env python3
"""formats_bench [FOLDER] [--mb N]: what reading and writing each format costs, one thread of it.

Passages of some 800 bytes, the same in every file, read by `rare-engine count`, converted by
`rare-engine convert`, and read by peers: JSON Lines by nlohmann's parser alone, CSV by pandas with its C
engine (the Python of RARE_BENCH_PEERS). Megabytes of the unpacked file a second of the whole process,
its start included (said apart); best of three.
"""

import argparse
import csv
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--mb", type=int, default=200)
    arguments = parser.parse_args()
    results = {}
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
        for target in ("b.jsonl", "b.json", "b.csv", "b.jsonl.zst", "b.jsonl.gz"):
            row(results, f"JSON Lines to {target[2:]}: rare-engine convert", size["jsonl"],
                best([ENGINE, "convert", folder / "a.jsonl", folder / target, "--overwrite"]))
        for packed in ("b.jsonl.zst", "b.jsonl.gz"):
            row(results, f"{packed[2:]}: rare-engine count", size["jsonl"], best([ENGINE, "count", folder / packed], count))
    pathlib.Path(arguments.folder, "formats_bench.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
