#!/usr/bin/env python3
"""llm_bench [--only ROW,ROW] [FOLDER]: how fast, how busy and how patient the language-model client is.

  rate      calls/s at no latency (2 kB questions, 1 kB replies, 64 in flight, two cores shared with the server), and
            CPU time per call; with replies in memory, and stored and synced before use
            peers, in the same run: a hand-written aiohttp + orjson client (RARE_BENCH_PEERS, a Python with both), the
            Benthos http processor (RARE_BENCH_BENTHOS), AsyncOpenAI, distilabel, data-designer and curator
            (RARE_BENCH_DATA_DESIGNER, RARE_BENCH_CURATOR: Pythons with them); and the server itself, asked by wrk
  slots     the share of the endpoint's slots that are busy at 200 ms with 64, 512 and 2,048 calls in flight; peer: aiohttp
  spread    log-normal latencies of which 1% are ten times longer: the share of the ideal until 98% are answered
  faults    5% 429 with Retry-After, 2% 500, 1% cut, 1% stalled, 3% malformed: calls and time, against a clean run
  capacity  an endpoint that takes 256 calls at once, then 32, then 256 again: what it answered of what it could
  memory    the engine with 2,048 calls in flight and replies of 10 kB
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

here = pathlib.Path(__file__).resolve()
os.environ.setdefault("RARE_TEST_BUILD", str(here.parent.parent))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
SOURCE = pathlib.Path(os.environ["RARE_TEST_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))

sys.path.insert(0, str(SOURCE / "tests" / "bench"))

from bench_rows import Rows  # noqa: E402
from harness import EngineTest, PIPELINES, ProtocolServer  # noqa: E402

BENCH = SOURCE / "tests" / "bench"
CLIENT = here.parent / "llm_call_rate"
PEERS = os.environ.get("RARE_BENCH_PEERS")
BENTHOS = os.environ.get("RARE_BENCH_BENTHOS")
FRAMEWORKS = {"data_designer": os.environ.get("RARE_BENCH_DATA_DESIGNER"),
              "curator": os.environ.get("RARE_BENCH_CURATOR")}
IN_FLIGHT, PROMPT_BYTES, ROUNDS = 64, 2000, 3
# Words of a reply, about 6 letters each: 1 kB and 10 kB with what is around them.
WORDS_1KB, WORDS_10KB = 110, 1500
HANG_S = 600


def client(server, calls, in_flight, *options, prompt_bytes=PROMPT_BYTES, check=True):
    run = subprocess.run([CLIENT, server.url, str(calls), str(in_flight), "--prompt-bytes", str(prompt_bytes),
                          *map(str, options)], check=check, capture_output=True, text=True, timeout=HANG_S)
    return json.loads(run.stdout)


def python_peer(program, server, calls, in_flight, python=PEERS):
    run = subprocess.run([python, BENCH / program, server.url, str(calls), str(in_flight), str(PROMPT_BYTES)],
                         check=True, capture_output=True, text=True, timeout=HANG_S)
    return json.loads(run.stdout.splitlines()[-1])


def framework(name, server, calls):
    """By the server's clock: what a framework does before the first question and after the last reply is left out."""
    rates = python_peer(f"{name}_client.py", server, calls, IN_FLIGHT, FRAMEWORKS[name])
    stats = server.stats()
    assert stats["statuses"]["200"] >= calls, stats  # curator asks one question more
    return dict(rates, calls_per_s=calls / stats["elapsed_s"])


def benthos(server, calls):
    environment = dict(os.environ, RARE_BENCH_URL=server.url, RARE_BENCH_CALLS=str(calls),
                       RARE_BENCH_IN_FLIGHT=str(IN_FLIGHT), RARE_BENCH_PROMPT="x" * PROMPT_BYTES)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([BENTHOS, "run", BENCH / "benthos" / "calls.yaml"], env=environment, check=True,
                   stdin=subprocess.DEVNULL, timeout=HANG_S)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    stats = server.stats()
    assert stats["statuses"] == {"200": calls}, stats
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    # By the server's clock: from the first question to the last reply, without the start of the process.
    return {"calls_per_s": calls / stats["elapsed_s"], "cpu_ms_per_call": 1000 * cpu / calls}


def wrk(server, folder):
    script = folder / "post.lua"
    body = json.dumps({"model": "bench", "messages": [{"role": "user", "content": "x" * PROMPT_BYTES}]})
    script.write_text(f"wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n")
    out = subprocess.run(["wrk", "-t1", f"-c{IN_FLIGHT}", "-d4s", "-s", script, server.url + "/v1/chat/completions"],
                         check=True, capture_output=True, text=True, timeout=HANG_S).stdout
    return float(next(line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec")))


class Bench(Rows):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def left_out(self, what, why):
        self.row(what, "left out", why)

    # The machine is shared: all take turns, and the median of the ratios of each turn counts.
    def rate(self):
        turns = []
        for turn in range(ROUNDS):
            with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server:
                rates = {"rare": client(server, 40_000, IN_FLIGHT)}
            with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server, \
                    tempfile.TemporaryDirectory(dir=self.folder) as work:
                stored = rates["stored"] = client(server, 20_000, IN_FLIGHT, "--store", f"{work}/replies.db")
                # Each transaction ends with a sync; the store counts them in a file beside it.
                transactions = int(pathlib.Path(f"{work}/replies.db-commits").read_text().split()[1])
                stored["syncs_per_s"] = transactions / stored["elapsed_s"]
            if shutil.which("wrk"):
                with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server:
                    rates["server"] = {"calls_per_s": wrk(server, self.folder)}
            if PEERS:
                for name, calls in (("aiohttp", 15_000), ("openai", 1_000), ("distilabel", 1_000)):
                    with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server:
                        rates[name] = python_peer(f"{name}_client.py", server, calls, IN_FLIGHT)
            for name in filter(FRAMEWORKS.get, FRAMEWORKS):
                with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server:
                    rates[name] = framework(name, server, 1_000)
            if BENTHOS:
                with ProtocolServer("--fixed-reply", "--words", WORDS_1KB) as server:
                    rates["benthos"] = benthos(server, 10_000)
            turns.append(rates)

        def median(name, number="calls_per_s"):
            return statistics.median(turn[name][number] for turn in turns)

        def ratio(name):
            return statistics.median(turn["rare"]["calls_per_s"] / turn[name]["calls_per_s"] for turn in turns)
        rate, cpu = median("rare"), median("rare", "cpu_ms_per_call")
        self.row("calls/s, replies in memory", f"{rate:,.0f}", ">= 10,000", rate >= 10_000)
        self.row("CPU ms per call", f"{cpu:.3f}", "<= 0.1", cpu <= 0.1)
        for name, bar in (("aiohttp", 1.7), ("benthos", 2.5), ("openai", None), ("distilabel", 35),
                          ("data_designer", 35), ("curator", 35)):
            if name not in turns[0]:
                self.left_out(f"times as fast as {name}", "not to be had")
                continue
            self.row(f"times as fast as {name}", f"{ratio(name):.2f}", f">= {bar}" if bar else "",
                     ratio(name) >= bar if bar else None,
                     its_rate=median(name), its_cpu_ms=median(name, "cpu_ms_per_call"))
        if "server" in turns[0]:
            self.row("the server alone, in times that", f"{1 / ratio('server'):.2f}", ">= 3", ratio("server") <= 1 / 3,
                     its_rate=median("server"))
        stored = median("stored")
        self.row("calls/s, stored and synced first", f"{stored:,.0f}", ">= 5,000", stored >= 5_000,
                 syncs_per_s=median("stored", "syncs_per_s"))

    def slots(self):
        for in_flight, bar in ((64, 0.98), (512, 0.98), (2048, 0.97)):
            # 20 s of an ideal client: what the first questions and the last replies leave empty counts.
            calls = 100 * in_flight
            with ProtocolServer("--latency-ms", 200, "--words", WORDS_1KB, "--fixed-reply") as server:
                client(server, calls, in_flight)
                busy = server.stats(slots=in_flight)["busy_share"]
            self.row(f"slots busy, {in_flight} in flight", f"{busy:.3f}", f">= {bar}", busy >= bar, calls=calls)
            if PEERS and in_flight == 512:
                with ProtocolServer("--latency-ms", 200, "--words", WORDS_1KB, "--fixed-reply") as server:
                    python_peer("aiohttp_client.py", server, calls, in_flight)
                    self.row("  aiohttp", f"{server.stats(slots=in_flight)['busy_share']:.3f}")

    def spread(self):
        calls, in_flight = 20_000, 512
        with ProtocolServer("--latency-ms", 250, "--latency-spread", 0.6, "--slow", 1, "--fixed-reply") as server:
            seen = []
            worker = threading.Thread(target=client, args=(server, calls, in_flight))
            worker.start()
            while worker.is_alive():
                stats = server.stats(slots=in_flight)
                if stats.get("busy_share") and stats["statuses"].get("200", 0) <= 0.98 * calls:
                    seen.append(stats["busy_share"])
                time.sleep(0.1)
            worker.join()
        self.row("log-normal latencies, 512 in flight", f"{seen[-1]:.3f}", ">= 0.95", seen[-1] >= 0.95)

    def faults(self):
        calls, latency = 20_000, ("--latency-ms", 200, "--words", WORDS_1KB, "--fixed-reply")
        with ProtocolServer(*latency) as server:
            clean = client(server, calls, IN_FLIGHT)
        with ProtocolServer(*latency, "--fault-429", 5, "--retry-after", 1, "--fault-500", 2, "--fault-cut", 1,
                            "--fault-stall", 1, "--malformed", 3) as server:
            faulty = client(server, calls, IN_FLIGHT, "--timeout-ms", 2000, check=False)
            share = server.stats()["calls"] / calls
        times = faulty["elapsed_s"] / clean["elapsed_s"]
        self.row("faults: records lost", str(faulty["failed"]), "0", faulty["failed"] == 0)
        self.row("faults: calls, of the fewest", f"{share:.3f}", "<= 1.18", share <= 1.18)
        self.row("faults: time, of a clean run", f"{times:.3f}", "<= 1.3", times <= 1.3)

    def capacity(self):
        phases, latency_ms, phase_s = (256, 32, 256), 200, 20
        calls = sum(phases) * phase_s * 1000 // latency_ms
        with ProtocolServer("--latency-ms", latency_ms, "--capacity", phases[0], "--fixed-reply") as server:
            lost = []
            worker = threading.Thread(target=lambda: lost.append(
                client(server, calls, 256, check=False)["failed"]))
            worker.start()
            shares, refused = [], []
            for capacity in phases:
                urllib.request.urlopen(urllib.request.Request(f"{server.url}/capacity/{capacity}", method="POST"))
                before, begin = server.stats()["statuses"], time.monotonic()
                time.sleep(phase_s)
                after = server.stats()["statuses"]
                answered = after.get("200", 0) - before.get("200", 0)
                refused.append(after.get("429", 0) - before.get("429", 0))
                shares.append(answered * latency_ms / 1000 / capacity / (time.monotonic() - begin))
            worker.join()
        for phase, (capacity, share) in enumerate(zip(phases, shares)):
            self.row(f"capacity {capacity}: answered, of what it could", f"{share:.3f}", ">= 0.85", share >= 0.85,
                     refused=refused[phase])
        self.row("capacity: records lost", str(lost[0]), "0", lost[0] == 0)

    def memory(self):
        run = EngineRun()
        run.setUp()
        try:
            manifest = run.many_in_flight()
        finally:
            run.doCleanups()
        peak = manifest["peak_rss_bytes"] / 1e6
        self.row("peak MB, 2,048 in flight, 10 kB replies", f"{peak:.0f}", "< 200", peak < 200,
                 calls=manifest["services"]["teacher"]["calls"])


class EngineRun(EngineTest):
    def many_in_flight(self):
        corpus = self.write_corpus(8000)
        self.write("asking.yaml", """
name: asking
services:
  teacher:
    use: llm.openai
    with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}", max_in_flight: 2048, stream: "off" }
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: answers, use: llm.generate, with: { llm: teacher, prompt: "{{text}}", output_key: answer } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }
""")
        assert corpus.name == "corpus.jsonl"
        with ProtocolServer("--latency-ms", 3000, "--words", WORDS_10KB, "--fixed-reply") as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("asking.yaml", "--progress", "none"), 0)
            stats = server.stats()
            assert stats["max_in_flight"] == 2048, stats
        return self.manifest("asking")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ["rate", "slots", "spread", "faults", "capacity", "memory"]
    parser.add_argument("--only", type=lambda text: text.split(","), default=every, metavar=",".join(every))
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        bench = Bench(pathlib.Path(work))
        for name in options.only:
            getattr(bench, name)()
    if options.folder:
        (options.folder / "llm_bench.json").write_text(json.dumps(bench.rows, indent=2) + "\n")
    sys.exit(any(row["ok"] is False for row in bench.rows))


if __name__ == "__main__":
    main()
