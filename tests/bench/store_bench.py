#!/usr/bin/env python3
"""store_bench [FOLDER]: what keeping every reply, synced before it is used, costs a run against a real endpoint's
latency.

Peer: the same client with replies in memory only, in turns with the one that keeps them on the disk of FOLDER.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve()
build = here.parent.parent
os.environ.setdefault("RARE_TEST_BUILD", str(build))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", "e2e"))

from harness import ProtocolServer  # noqa: E402

CALLS, PROMPT_BYTES, ROUNDS = 4000, 4000, 3
CASES = ((200, 64), (200, 256))  # latency in ms, calls in flight


def rate(latency_ms, in_flight, *store):
    with ProtocolServer("--latency-ms", latency_ms, "--words", 500) as server:
        run = subprocess.run([build / "bin" / "llm_call_rate", server.url, str(CALLS), str(in_flight),
                              "--prompt-bytes", str(PROMPT_BYTES), *store], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)["calls_per_s"]


def main():
    results = []
    folder = sys.argv[1] if len(sys.argv) == 2 else None
    for latency_ms, in_flight in CASES:
        ratios, stored = [], []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory(dir=folder) as work:
                in_memory = rate(latency_ms, in_flight)
                stored.append(rate(latency_ms, in_flight, "--store", f"{work}/replies.db"))
                ratios.append(stored[-1] / in_memory)
        results.append({"latency_ms": latency_ms, "in_flight": in_flight,
                        "calls_per_s": statistics.median(stored),
                        "ideal_per_s": in_flight * 1000 / latency_ms,
                        "of_the_rate_in_memory": statistics.median(ratios)})
        print("  ".join(f"{name} {value:.4g}" for name, value in results[-1].items()), flush=True)
    if folder:
        pathlib.Path(folder, "store_bench.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
