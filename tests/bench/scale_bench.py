#!/usr/bin/env python3
"""scale_bench [FOLDER] [--rows NAME,...] [--records N] [--parts N] [--bytes N] [--costs FILE]: what it costs to run in shards.

  overhead  records that ask a language model once each, 50 ms an answer: 16 shards, as many at once as there are
            cores, against one run with as many requests under way; from the start of the first process to the end
            of the last one, so that the start of each is in it, and the counting of the input, too
  counting  the pass that divides an input of JSON Lines among 1,000 shards, start of the process and the first shard included, against reading
            the same file (`cat`): what is in memory, and what is not, after a pause each (disks of the cloud answer faster after one)
  finish    `rare-engine finish` of so many parts, 1,000 rows in all
  costs     of one shard: start and commit, the plan that it reads, the replies that it takes over after a loss
  check     64 shards of which two engines are killed, measured and as scale_model.py says with these costs
  model     what it says of 10^8 documents on 100 nodes, by the number of shards; medians of 20 seeds

Runs take turns, and the least of three counts; of `costs` the mean, as many at once as there are cores. They come from the file of an
earlier call where one is named; else `check` and `model` measure them.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
os.environ.setdefault("RARE_TEST_BUILD", str(BUILD))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
for folder in ("e2e", "bench"):
    sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", folder))
from bench_rows import Rows, parser_of, run_chosen  # noqa: E402  (found by the lines above)
from harness import ProtocolServer  # noqa: E402
from scale_model import Costs, Run, simulate  # noqa: E402

CORES, SHARDS, IN_FLIGHT, TURNS, HANG_S, PAUSE_S = os.cpu_count(), 16, 64, 3, 3600, 6
ASKING = """
name: asking
services:
  teacher: {{ use: llm.openai, with: {{ base_url: "{url}", model: test-model, max_in_flight: {in_flight} }} }}
nodes:
  - {{ name: read, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: answers, use: llm.generate, parallelism: {in_flight}, with: {{ llm: teacher, prompt: "Say something of {{{{n}}}}" }} }}
  - {{ name: rows, use: files.write, with: {{ path: out/rows.jsonl }} }}
"""
MANY = 16_000  # shards of a plan that is long, and parts of an output in many
LATENCY_MS, CHECKED = 200, Run(records=19_200, shards=64, nodes=CORES, slots_per_node=1, in_flight=32, steps=1, latency_s=0.2,
                               kills=((10.0, 0), (25.0, CORES - 1)))
# 200 slots with 128 calls of 5 s under way in each: an endpoint that answers 5,120 calls a second.
ASSUMED = Run(records=100_000_000, shards=0, nodes=100, slots_per_node=2, in_flight=128, steps=2, latency_s=5.0, placing_s=2.0, spread=0.1,
              node_mtbf_s=10 * 86400, node_missed_s=300, node_back_s=1800, engine_mtbf_s=100 * 3600)
ASSUMED_BYTES, SWEEP, SEEDS = 200_000_000_000, (1_000, 4_000, 16_000, 64_000), 20
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
        self.folder, self.options, self.measured = folder, options, None

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

    def counted(self):
        self.fresh(COPYING)
        # Of many shards the first one does little but count.
        return self.shard(0, 1000)

    def read(self):
        return timed("sh", "-c", "cat in.jsonl > /dev/null", cwd=self.folder)

    def from_disk(self, measure):
        with open(self.folder / "in.jsonl", "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        time.sleep(PAUSE_S)
        return measure()

    def counting(self):
        length = 300
        self.write_input(self.options.bytes // (length + 30), length)
        size = (self.folder / "in.jsonl").stat().st_size
        counted, read = zip(*[(self.counted(), self.read()) for _ in range(TURNS)])
        again = self.shard(2, 1000)
        self.row("counting what is in memory", f"{size / min(counted) / 1e6:,.0f} MB/s", "", None, bytes=size, counted_s=min(counted),
                 cat_mb_per_s=f"{size / min(read) / 1e6:,.0f}", one_shard_s=again)
        read, counted = zip(*[(self.from_disk(self.read), self.from_disk(self.counted)) for _ in range(TURNS)])
        ratio = min(read) / min(counted)
        self.row("counting what is on disk, times `cat`", f"{ratio:.2f}", ">= 0.9", ratio >= 0.9, bytes=size, seconds=min(counted),
                 mb_per_s=f"{size / min(counted) / 1e6:,.0f}", counted=[f"{t:.2f}" for t in counted], cat=[f"{t:.2f}" for t in read])

    def finish(self):
        self.write_input(1000)
        took = []
        for _ in range(TURNS):
            self.fresh(COPYING)
            with concurrent.futures.ThreadPoolExecutor(CORES) as at_once:
                list(at_once.map(lambda number: self.shard(number, self.options.parts), range(self.options.parts)))
            took.append(timed(ENGINE, "finish", "shared", cwd=self.folder))
        self.row(f"finish of {self.options.parts:,} parts", f"{min(took):.2f} s", "< 5 s", min(took) < 5, all=[f"{t:.2f}" for t in took])

    def copy_part(self, parts):
        """The first shard's output as that of all."""
        inner = self.folder / "shared/_rare"
        part = json.loads((inner / "part-00000.json").read_text())
        for shard in range(1, parts):
            files = []
            for file in part["files"]:
                name = file["name"].replace("-00000.", f"-{shard:05}.", 1)
                folder = inner / "attempts" / f"{shard:05}" / part["attempt"] / file["node"]
                folder.mkdir(parents=True)
                shutil.copy(inner / "attempts/00000" / part["attempt"] / file["node"] / file["name"], folder / name)
                files.append({"node": file["node"], "name": name})
            (inner / f"part-{shard:05}.json").write_text(json.dumps({**part, "shard": shard, "files": files}))

    def shards_of(self, url, shards):
        """The mean time of a shard with one record, as many at once as there are cores, once there is a plan."""
        self.fresh(ASKING.format(url=url, in_flight=IN_FLIGHT))
        self.shard(0, shards)
        with concurrent.futures.ThreadPoolExecutor(CORES) as at_once:
            return statistics.mean(at_once.map(lambda number: self.shard(number, shards), range(1, 16)))

    def costs(self):
        if self.options.costs:
            self.measured = Costs(**json.loads(self.options.costs.read_text()))
            return
        with ProtocolServer() as server:
            self.write_input(MANY)
            many = self.shards_of(server.url, MANY)
            self.write_input(16)
            few = self.shards_of(server.url, 16)
            replies = 20_000
            self.write_input(2 * replies)
            self.fresh(ASKING.format(url=server.url, in_flight=IN_FLIGHT))
            self.shard(0, 2)
            taken = []
            for _ in range(TURNS):
                shutil.rmtree(self.folder / "local")
                (self.folder / "shared/_rare/part-00000.json").unlink()
                calls = server.stats()["calls"]
                taken.append(self.shard(0, 2))
                if server.stats()["calls"] != calls:
                    sys.exit("scale_bench: a reply that an earlier attempt had was asked for again")
        self.write_input(MANY)
        self.fresh(COPYING)
        self.shard(0, MANY)
        self.copy_part(MANY)
        finished = timed(ENGINE, "finish", "shared", cwd=self.folder)
        counted = [row["seconds"] / row["bytes"] for row in self.rows if "mb_per_s" in row] or [self.counting_s_per_byte()]
        self.measured = Costs(counting_s=counted[0] * ASSUMED_BYTES, start_s=few, per_shard_of_the_plan_s=max(0.0, many - few) / MANY,
                              per_reply_taken_over_s=(min(taken) - few) / replies, finish_per_part_s=finished / MANY)
        self.row("a shard with one record, of 16", f"{few:.3f} s")
        self.row(f"the same of {MANY:,}", f"{many:.3f} s")
        self.row(f"a shard that takes over {replies:,} replies", f"{min(taken):.2f} s", microseconds_each=1e6 * self.measured.per_reply_taken_over_s)
        self.row(f"finish of {MANY:,} parts", f"{finished:.2f} s")

    def counting_s_per_byte(self):
        self.counting()
        return self.rows[-1]["seconds"] / self.rows[-1]["bytes"]

    def known_costs(self):
        if self.measured is None:
            self.costs()
        return self.measured

    def check(self):
        costs, run = dataclasses.replace(self.known_costs(), counting_s=0.0), CHECKED
        said = simulate(costs, run)
        self.write_input(run.records)
        with ProtocolServer("--latency-ms", LATENCY_MS) as server:
            self.fresh(ASKING.format(url=server.url, in_flight=run.in_flight))
            begin = time.monotonic()
            KilledShards(self.folder, run).go()
            timed(ENGINE, "finish", "shared", cwd=self.folder)
            took, again = time.monotonic() - begin, server.stats()["calls"] - run.records * run.steps
        self.row("64 shards, two engines killed", f"{took:.1f} s", "", None, model_s=said.wall_s, error=f"{100 * (said.wall_s / took - 1):+.1f}%",
                 asked_again=again, model_asked_again=said.calls_asked_again)

    def model(self):
        costs = self.known_costs()
        for shards in SWEEP:
            run = dataclasses.replace(ASSUMED, shards=shards)
            all_of_them = [simulate(costs, run, seed) for seed in range(SEEDS)]
            middle = lambda name: statistics.median(getattr(one, name) for one in all_of_them)  # noqa: B023,E731
            self.row(f"10^8 documents in {shards:,} shards", f"{middle('wall_s') / 3600:.2f} h", "", None,
                     slowest_h=max(one.wall_s for one in all_of_them) / 3600, overhead=f"{100 * middle('overhead_share'):.1f}%",
                     asked_again=f"{100 * statistics.median(one.calls_asked_again / one.calls for one in all_of_them):.4f}%",
                     taken_over=f"{100 * statistics.median(one.replies_taken_over / one.calls for one in all_of_them):.2f}%",
                     finish_s=middle("finish_s"), nodes_lost=middle("nodes_lost"), engines_lost=middle("engines_lost"))


class KilledShards:
    """Runs a pipeline's shards, one at a time on each of some nodes, and kills engines when told to. A killed shard comes last."""

    def __init__(self, folder, run):
        self.folder, self.run, self.left = folder, run, list(range(run.shards - 1, -1, -1))
        self.lock, self.engines, self.attempts, self.committed = threading.Lock(), {}, 0, 0

    def go(self):
        timers = [threading.Timer(after_s, self.kill, (node,)) for after_s, node in self.run.kills]
        for timer in timers:
            timer.start()
        with concurrent.futures.ThreadPoolExecutor(self.run.nodes) as nodes:
            list(nodes.map(self.run_node, range(self.run.nodes)))

    def kill(self, node):
        with self.lock:
            self.engines[node].kill()

    def run_node(self, node):
        while self.committed < self.run.shards:
            with self.lock:
                if not self.left:
                    return
                shard, local = self.left.pop(), f"local/{self.attempts}"
                self.attempts += 1
                engine = self.engines[node] = subprocess.Popen(
                    [ENGINE, "run", "p.yaml", "--progress", "none", "--shard", f"{shard}/{self.run.shards}", "--out", "shared",
                     "--state-dir", local, "--cache", f"{local}.db"],
                    cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            said, _ = engine.communicate(timeout=HANG_S)
            with self.lock:
                if engine.returncode == -9:
                    self.left.insert(0, shard)
                elif engine.returncode == 0:
                    self.committed += 1
                else:
                    sys.exit(f"scale_bench: shard {shard} ended with {engine.returncode}:\n{said}")


ROWS = {"overhead": Bench.overhead, "counting": Bench.counting, "finish": Bench.finish, "costs": Bench.costs, "check": Bench.check,
        "model": Bench.model}


def main():
    parser = parser_of("scale_bench", __doc__, ROWS)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--parts", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=4_000_000_000)
    parser.add_argument("--costs", type=pathlib.Path, help="FOLDER/scale_costs.json of an earlier call")
    options, bench = run_chosen(parser, "scale_bench", Bench, ROWS)
    if options.folder and bench.measured:
        (options.folder / "scale_costs.json").write_text(json.dumps(dataclasses.asdict(bench.measured), indent=2) + "\n")
    if options.folder:
        (options.folder / "scale_bench.json").write_text(json.dumps({"cores": CORES, "rows": bench.rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
