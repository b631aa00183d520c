#!/usr/bin/env python3
"""export_bench [FOLDER] [--records N] [--pairs]: what a data set for a trainer costs beside plain JSON Lines.

The same finished records, each of some 2 kB with three negatives and its reasoning, are read and written by
files.write, and by each form of the exports; the pipelines take turns. Records a second of the whole run,
its start included; median of three turns. With --pairs each record has three further samples, one of which comes
to its answer, and what is written are pairs for DPO and single completions for KTO.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
SINKS = {
    "files.write: JSON Lines": ("files.write", {"path": "out/a.jsonl"}),
    "export.sft: messages": ("export.sft", {"path": "out/messages"}),
    "export.sft: sharegpt, thinking: tags": ("export.sft", {"path": "out/sharegpt", "format": "sharegpt",
                                                            "thinking": "tags"}),
    "export.sft: alpaca": ("export.sft", {"path": "out/alpaca", "format": "alpaca"}),
    "export.retriever: flagembedding": ("export.retriever", {"path": "out/flagembedding"}),
    "export.retriever: triplets": ("export.retriever", {"path": "out/triplets", "format": "triplets"}),
}

PLAIN = "files.write: JSON Lines"
REJECTED = {"input_rejected_key": "samples"}
PAIRS = {
    PLAIN: SINKS[PLAIN],
    "export.sft: messages, dpo: 2 rows": ("export.sft", {"path": "out/dpo", "objective": "dpo", **REJECTED}),
    "export.sft: sharegpt, kto: 3 rows": ("export.sft", {"path": "out/kto", "objective": "kto", "format": "sharegpt",
                                                         **REJECTED}),
}


def write_records(path, count, with_samples):
    chance = random.Random(1)
    words = ["".join(chance.choice("etaoinshrdlu") for _ in range(chance.randint(2, 9))) for _ in range(5000)]

    def text(length):
        return " ".join(chance.choices(words, k=length))

    texts = [text(60) for _ in range(1000)]
    with open(path, "w", encoding="utf-8") as lines:
        for number in range(count):
            document, *negatives = chance.sample(texts, 4)
            record = {
                "id": f"d{number}", "text": document, "question": text(12), "scenario": text(25),
                "hard_negatives": negatives, "passages_order": chance.sample(range(4), 4),
                "reasoning": f"{text(80)}\nAnswer: {text(8)}"}
            if with_samples:
                answer = record["reasoning"].rsplit("\n", 1)[-1]
                record["samples"] = [record["reasoning"], f"{text(80)}\n{answer}",
                                     *(f"{text(80)}\nAnswer: {text(8)}" for _ in range(2))]
            lines.write(json.dumps(record) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--pairs", action="store_true")
    arguments = parser.parse_args()
    sinks = PAIRS if arguments.pairs else SINKS
    seconds = {name: [] for name in sinks}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_records(folder / "in.jsonl", arguments.records, arguments.pairs)
        print(f"{arguments.records} records, {(folder / 'in.jsonl').stat().st_size / 1e6:.0f} MB of JSON Lines")
        for _ in range(3):
            for what, (use, parameters) in sinks.items():
                (folder / "p.yaml").write_text(json.dumps({"name": "p", "nodes": [
                    {"name": "records", "use": "files.read", "with": {"path": "in.jsonl"}},
                    {"name": "out", "use": use, "with": parameters}]}))
                began = time.monotonic()
                done = subprocess.run([ENGINE, "p.yaml", "--fresh", "--progress", "none"], cwd=folder,
                                      capture_output=True, text=True, check=False)
                seconds[what].append(time.monotonic() - began)
                if done.returncode != 0:
                    sys.exit(f"export_bench: {what} gave {done.returncode}: {done.stdout}{done.stderr}")
    plain = statistics.median(seconds[PLAIN])
    results = {}
    for what, turns in seconds.items():
        median = statistics.median(turns)
        results[what] = {"records_per_s": round(arguments.records / median), "share_of_plain": round(plain / median, 2)}
        print(f"  {what:<40} {arguments.records / median:10,.0f} records/s   {plain / median:5.2f} of plain", flush=True)
    pathlib.Path(arguments.folder, "export_bench.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
