#!/usr/bin/env python3
"""endpoint_bench [FOLDER]: rare.yaml over 2,000 documents against an endpoint that answers after 200 ms.

How many of the endpoint's 64 slots are busy between the first request and the last reply, how much memory
the engine takes, how long it runs. Peer: the time that 64 slots need at the least (calls x latency / slots).
"""

import json
import os
import pathlib
import sys

here = pathlib.Path(__file__).resolve()
build = here.parent.parent
os.environ.setdefault("RARE_TEST_BUILD", str(build))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", "e2e"))

from harness import EngineTest, PIPELINES, ProtocolServer  # noqa: E402

DOCUMENTS, SLOTS = 2000, 64
LATENCY_MS = int(os.environ.get("RARE_BENCH_LATENCY_MS", "200"))


class Bench(EngineTest):
    def runTest(self):
        corpus = self.write_corpus(DOCUMENTS)
        with ProtocolServer("--latency-ms", LATENCY_MS) as server:
            self.use_endpoint(server)
            process = self.run_engine(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml",
                                      "--progress", "none",
                                      "--set", f"nodes.documents.with.path={corpus}")
            self.assert_exit(process, 0)
            stats = server.stats(slots=SLOTS)
        manifest = self.manifest("rare-openai")
        ideal_s = stats["calls"] * LATENCY_MS / 1000 / SLOTS
        self.result = {
            "documents": DOCUMENTS, "latency_ms": LATENCY_MS, "slots": SLOTS, "calls": stats["calls"],
            "busy_share": stats["busy_share"], "ideal_s": ideal_s, "calls_s": stats["elapsed_s"],
            "run_s": manifest["elapsed_s"], "peak_rss_mb": manifest["peak_rss_bytes"] / 1e6,
        }


def main():
    bench = Bench()
    bench.setUp()
    try:
        bench.runTest()
    finally:
        bench.doCleanups()
    for name, value in bench.result.items():
        print(f"{name:12} {value:.3f}" if isinstance(value, float) else f"{name:12} {value}")
    if len(sys.argv) == 2:
        pathlib.Path(sys.argv[1], "endpoint_bench.json").write_text(json.dumps(bench.result, indent=2) + "\n")


if __name__ == "__main__":
    main()
