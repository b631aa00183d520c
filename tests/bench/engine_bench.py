#!/usr/bin/env python3
"""engine_bench [FOLDER] [--rows NAME,...] [--records N] [--whole]: what the engine itself costs.

  hops     JSON Lines of 500 bytes -> three operators that do nothing -> JSON Lines, against the same
           work by hand on bare oneTBB (bare_tbb), in trains of 64 and one by one, and with the
           allocator that the engine brings (mimalloc), in Bytewax with as many threads
           (bytewax_flow.py, run by the Python of RARE_BENCH_PEERS), and in Benthos with two threads
           (benthos/, the program RARE_BENCH_BENTHOS); best of three
  nodes    chains of 1 to 28 operators: what one hop costs; fan-out to 8 branches and fan-in
  async    64 to 10,000 records wait 200 ms each: share of the slots' time in use, threads
  busy     64 slots of 50 ms beside CPU bodies of 40 ms on all workers
  slow     a stage 100 times slower than its source; one record 1,000 times slower than the others
           with order: input, and 150 MB of rows that wait for it
  unready  10,000 records before a service that is not ready for 20 s (--whole: 60 s): whether the
           endpoint above it stays busy meanwhile, and memory over time
  start    from the start of the process to the first record: 8 plugins, 100 nodes
  programs records of 500 bytes through basic.exec: `cat`, and Python that parses each and writes it
           (sdk/python/rare_exec.py), kept on disk or not; against a loop in Python over the same
           Python, which asks for one record after the other (subprocess), and Benthos, whose program
           passes lines on; best of three
  memory   records through 10 operators: resident memory over time (1M records; --whole: 10M)

Rates are of the engine's own clock, opening and closing included. --records is for `hops`.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
BARE = BUILD / "bin" / "bare_tbb"
BARE_MIMALLOC = BUILD / "bin" / "bare_tbb_mimalloc"
BENCH = pathlib.Path("@CMAKE_CURRENT_SOURCE_DIR@")
PLUGINS = BUILD / "test_plugins"
PEERS = os.environ.get("RARE_BENCH_PEERS")
THREADS = os.cpu_count()
sys.path.insert(0, str(BENCH))
from bench_rows import Rows, parser_of, run_chosen  # noqa: E402  (found by the line above)

HANG_S = 3600
BYTEWAX = "Bytewax 0.21"
BENTHOS = "Benthos 4.76"
BENTHOS_PROGRAM = os.environ.get("RARE_BENCH_BENTHOS")
NEXT_TO_NOTHING = "{ name: result, use: bench.nowhere }"


class Watched:
    """A finished run of the engine: its manifest, and what the process looked like meanwhile."""

    def __init__(self, folder, pipeline, *arguments, plugins="bench", sample_s=0.05):
        (folder / "pipeline.yaml").write_text(pipeline)
        state = folder / ".rare"
        shutil.rmtree(state, ignore_errors=True)
        self.threads, self.rss_mb = 0, []
        self.began_ns = time.time_ns()
        process = subprocess.Popen(
            [ENGINE, "pipeline.yaml", "--progress", "none", "--state-dir", ".rare",
             "--plugin-path", PLUGINS / plugins, *arguments],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        sampler = threading.Thread(target=self.sample, args=(process, sample_s))
        sampler.start()
        self.stdout, self.stderr = process.communicate(timeout=HANG_S)
        sampler.join()
        if process.returncode != 0:
            sys.exit(f"engine_bench: the engine ended with {process.returncode}:\n{self.stdout}{self.stderr}")
        self.manifest = json.loads((state / "manifest.json").read_text())

    def sample(self, process, every_s):
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            threads, rss = re.search(r"Threads:\s+(\d+)", status), re.search(r"VmRSS:\s+(\d+)", status)
            if threads and rss:
                self.threads = max(self.threads, int(threads.group(1)))
                self.rss_mb.append(round(int(rss.group(1)) / 1024, 1))
            time.sleep(every_s)

    @property
    def elapsed_s(self):
        return self.manifest["elapsed_s"]


def chain(count, use="bench.pass"):
    return "".join(f"  - {{ name: pass{i}, use: {use} }}\n" for i in range(count))


def write_input(path, records):
    words = ("every record of this file is as long as a short passage of an encyclopedia and says nothing "
             "that anybody would want to know ").split()
    with open(path, "w", encoding="utf-8") as lines:
        for number in range(records):
            record = {"id": f"passage-{number:09}", "title": f"Note {number}", "source": "engine_bench",
                      "score": number % 1000 / 8, "words": 61, "text": ""}
            missing = 499 - len(json.dumps(record))
            text = " ".join(words[(number + i) % len(words)] for i in range(missing // 4))
            record["text"] = text[:missing]
            lines.write(json.dumps(record) + "\n")


class Bench(Rows):
    WIDTHS = (34, 9, 12)

    def __init__(self, folder, options):
        super().__init__()
        self.folder, self.options = folder, options

    def hops(self):
        records = self.options.records
        write_input(self.folder / "in.jsonl", records)
        rates = {}
        # The machine is shared: the variants take turns, and the best of each counts.
        for _ in range(3):
            for name, program, train in (("trains of 64", BARE, 64), ("trains of 1", BARE, 1),
                                         ("trains of 64, mimalloc", BARE_MIMALLOC, 64)):
                if not program.exists():
                    continue
                done = json.loads(subprocess.check_output(
                    [program, "in.jsonl", "out.jsonl", str(THREADS), str(train)], cwd=self.folder))
                assert done["records"] == records, done
                self.best(rates, f"bare oneTBB, {name}", records / done["elapsed_s"])
            if PEERS:
                self.best(rates, BYTEWAX, records / self.bytewax())
            if BENTHOS_PROGRAM:
                self.best(rates, BENTHOS, records / self.benthos())
            for order in ("input", "any"):
                pipeline = (f"name: hops\norder: {order}\nnodes:\n"
                            "  - { name: read, use: files.read, with: { path: in.jsonl } }\n" + chain(3) +
                            "  - { name: result, use: files.write, with: { path: engine.jsonl } }\n")
                run = Watched(self.folder, pipeline, "--fresh")
                assert run.manifest["records"]["written"] == records, run.manifest["records"]
                self.best(rates, f"engine, order: {order}", records / run.elapsed_s)
                if order == "input":
                    self.same_records()
        yardstick = rates["bare oneTBB, trains of 64"]
        for name, rate in rates.items():
            bar, ok = (">= 0.50", rate >= 0.5 * yardstick) if name.startswith("engine") else ("", None)
            self.row(name, f"{rate:,.0f}/s", bar, ok, ratio=rate / yardstick)
        for peer, bar in ((BYTEWAX, 4), (BENTHOS, 5)):
            for name in ("engine, order: input", "engine, order: any"):
                if peer in rates:
                    ratio = rates[name] / rates[peer]
                    self.row(f"{name}, against {peer.split()[0]}", f"{ratio:.2f}", f">= {bar}", ratio >= bar)

    def bytewax(self):
        return self.peer_seconds(PEERS, "-m", "bytewax.run", BENCH / "bytewax_flow.py", "-w", str(THREADS))

    def benthos(self):
        seconds = self.peer_seconds(BENTHOS_PROGRAM, "run", BENCH / "benthos" / "hops.yaml")
        with open(self.folder / "benthos.jsonl", encoding="utf-8") as lines:
            written = sum(1 for _ in lines)
        assert written == self.options.records, f"Benthos wrote {written}"
        return seconds

    def peer_seconds(self, *command):
        """Seconds for its whole process, less those that it takes over no record at all."""
        def seconds(folder):
            for old in folder.glob("benthos.jsonl"):
                old.unlink()
            begin = time.monotonic()
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True, timeout=HANG_S)
            return time.monotonic() - begin
        nothing = self.folder / "nothing"
        nothing.mkdir(exist_ok=True)
        (nothing / "in.jsonl").touch()
        return seconds(self.folder) - seconds(nothing)

    @staticmethod
    def best(rates, name, rate):
        rates[name] = max(rates.get(name, 0), rate)

    def same_records(self):
        """Three operators that do nothing: what comes out is what went in, in its order."""
        with open(self.folder / "in.jsonl", encoding="utf-8") as one, \
                open(self.folder / "engine.jsonl", encoding="utf-8") as other:
            for number, (a, b) in enumerate(zip(one, other)):
                if number % 997 == 0:
                    assert json.loads(a) == json.loads(b), f"record {number} was changed"

    def nodes(self):
        records, points = 200_000, []
        for count in (1, 4, 10, 28):
            run = Watched(self.folder, f"name: nodes\norder: any\nnodes:\n"
                          f"  - {{ name: count, use: bench.count, with: {{ count: {records} }} }}\n"
                          + chain(count) + f"  - {NEXT_TO_NOTHING}\n", "--fresh")
            points.append((count, run.elapsed_s * 1e6 / records))
            self.row(f"chain of {count} operators", f"{points[-1][1]:.2f} us", "per record", None)
        mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
        slope = (sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points))
        self.row("one hop more", f"{slope * 1000:.0f} ns", "slope", None, constant_us=mean_y - slope * mean_x)
        branches = "".join(
            f"  - {{ name: a{i}, use: bench.pass, from: head }}\n  - {{ name: b{i}, use: bench.pass }}\n"
            f"  - {{ name: c{i}, use: bench.pass }}\n" for i in range(8))
        joined = ", ".join(f"c{i}" for i in range(8))
        records = 50_000
        run = Watched(self.folder, f"name: fan\norder: any\nnodes:\n"
                      f"  - {{ name: count, use: bench.count, with: {{ count: {records} }} }}\n"
                      "  - { name: first, use: bench.pass }\n  - { name: head, use: bench.pass }\n" + branches +
                      f"  - {{ name: joined, use: bench.pass, from: [{joined}] }}\n"
                      f"  - {NEXT_TO_NOTHING}\n", "--fresh")
        hops = 2 + 8 * 5
        assert run.manifest["records"]["written"] == 8 * records, run.manifest["records"]
        self.row("30 nodes, fan-out 8, fan-in", f"{run.elapsed_s * 1e6 / records:.1f} us", "per record", None,
                 ns_per_hop=run.elapsed_s * 1e9 / records / hops)

    def waiting(self, name, slots, latency_ms, records, more_nodes="", parallelism=None):
        bound = f", parallelism: {parallelism}" if parallelism else ""
        return Watched(self.folder, f"""name: {name}
order: any
max_records_in_flight: {2 * slots + 1000}
services:
  timer: {{ use: bench.timer, with: {{ slots: {slots}, ms: {latency_ms} }} }}
nodes:
{more_nodes}  - {{ name: count, use: bench.count, with: {{ count: {records} }} }}
  - {{ name: wait, use: bench.wait{bound}, with: {{ timer: timer }} }}
  - {NEXT_TO_NOTHING}
""", "--fresh")

    def asynchronous(self):
        for slots, bar in ((64, 0.99), (512, 0.99), (2048, 0.98), (10_000, 0.95)):
            run = self.waiting("async", slots, 200, slots * 25, parallelism=slots)
            timer = run.manifest["services"]["timer"]
            self.row(f"{slots:,} in flight, 200 ms each", f"{timer['busy_share']:.4f}", f">= {bar}",
                     timer["busy_share"] >= bar, threads=run.threads, most=timer["most_in_flight"],
                     rss_mb=max(run.rss_mb))

    def busy(self):
        burning = 8 * 25 * THREADS
        run = self.waiting("busy", 64, 50, 64 * 160, more_nodes=(
            f"  - {{ name: much, use: bench.count, with: {{ count: {burning} }} }}\n"
            "  - { name: burn, use: bench.burn, parallelism: auto, with: { ms: 40 } }\n"
            "  - { name: ashes, use: bench.nowhere }\n"))
        timer = run.manifest["services"]["timer"]
        self.row("64 slots, 50 ms, beside CPU bodies", f"{timer['busy_share']:.4f}", ">= 0.97",
                 timer["busy_share"] >= 0.97, burning_s=run.manifest["nodes"]["burn"]["busy_s"] / THREADS,
                 run_s=run.elapsed_s)

    def slow(self):
        run = Watched(self.folder, """name: slow_stage
nodes:
  - { name: count, use: bench.count, with: { count: 20000 } }
  - { name: slow, use: basic.delay, parallelism: 8, with: { ms: 2 } }
  - { name: result, use: bench.nowhere }
""", "--fresh", sample_s=0.25)
        series = run.rss_mb[2:] or run.rss_mb
        self.row("a stage 100 times slower", f"{max(series):.0f} MB", "bounded", None,
                 rss_mb=series[::max(1, len(series) // 8)], rate=20_000 / run.elapsed_s)
        elapsed = {}
        for name, ms in (("none", 10), ("one", 10_000)):
            run = Watched(self.folder, f"""name: slow_record
order: input
nodes:
  - {{ name: count, use: bench.count, with: {{ count: 76800 }} }}
  - {{ name: padded, use: basic.map, with: {{ program: '.pad = ("x" * 2000)' }} }}
  - {{ name: which, use: basic.route, with: {{ routes: {{ slow: .n == 500 }} }} }}
  - {{ name: fast, use: basic.delay, from: which.otherwise, parallelism: 64, with: {{ ms: 10 }} }}
  - {{ name: slow, use: basic.delay, from: which.slow, with: {{ ms: {ms} }} }}
  - {{ name: result, use: files.write, from: [fast, slow], with: {{ path: slow.jsonl }} }}
""", "--fresh", sample_s=0.25)
            assert run.manifest["records"]["written"] == 76_800, run.manifest["records"]
            elapsed[name] = run.elapsed_s
        ratio = elapsed["none"] / elapsed["one"]
        self.row("one record 1,000 times slower", f"{ratio:.3f}", ">= 0.95", ratio >= 0.95,
                 without_s=elapsed["none"], with_s=elapsed["one"], most_rss_mb=max(run.rss_mb))

    def start(self):
        pipeline = "name: start\nnodes:\n  - { name: count, use: bench1.count }\n"
        pipeline += "".join(f"  - {{ name: pass{i}, use: bench{i % 8 + 1}.pass }}\n" for i in range(98))
        pipeline += "  - { name: result, use: bench1.nowhere }\n"
        times_ms = []
        for _ in range(7):
            run = Watched(self.folder, pipeline, "--fresh", plugins="bench_many")
            first_ns = int(re.search(r"first record at (\d+)", run.stderr).group(1))
            times_ms.append((first_ns - run.began_ns) / 1e6)
        median = sorted(times_ms)[3]
        self.row("start to first record", f"{median:.0f} ms", "<= 100 ms", median <= 100, least_ms=min(times_ms),
                 plugins=8, nodes=100)

    def unready(self):
        seconds, records = 60 if self.options.whole else 20, 10_000
        run = Watched(self.folder, f"""name: unready
services:
  endpoint: {{ use: bench.timer, with: {{ slots: 64, ms: 50 }} }}
  index: {{ use: bench.timer, with: {{ slots: 4, ms: 1, ready_after_s: {seconds} }} }}
nodes:
  - {{ name: count, use: bench.count, with: {{ count: {records} }} }}
  - {{ name: padded, use: basic.map, with: {{ program: '.pad = ("x" * 2000)' }} }}
  - {{ name: ask, use: bench.wait, with: {{ timer: endpoint }} }}
  - {{ name: search, use: bench.wait, with: {{ timer: index }} }}
  - {NEXT_TO_NOTHING}
""", "--fresh", sample_s=0.25)
        assert run.manifest["records"]["written"] == records, run.manifest["records"]
        busy = run.manifest["services"]["endpoint"]["busy_share"]
        series = run.rss_mb[2:] or run.rss_mb
        self.row(f"before a service ready after {seconds} s", f"{busy:.4f}", ">= 0.97", busy >= 0.97,
                 run_s=run.elapsed_s, rss_mb=series[::max(1, len(series) // 8)])

    def programs(self):
        records = 100_000
        write_input(self.folder / "in.jsonl", records)
        helper = BENCH.parent.parent / "sdk" / "python" / "rare_exec.py"
        (self.folder / "same.py").write_text("def process(record): return record\n")
        (self.folder / "nothing").mkdir(exist_ok=True)
        for folder in (self.folder, self.folder / "nothing"):
            (folder / "echo.py").write_text(
                "import sys\nfor line in sys.stdin: sys.stdout.write(line); sys.stdout.flush()\n")
        python, rates = f"[python3, -S, {helper}, same.py]", {}
        variants = {"cat": "command: [cat]", "Python": f"command: {python}, programs: 2",
                    "Python, not kept": f"command: {python}, programs: 2, deterministic: true",
                    "Python, not kept, batch: 64":
                        f"command: {python}, programs: 2, deterministic: true, batch: 64"}
        for _ in range(3):
            for name, values in variants.items():
                run = Watched(self.folder, "name: programs\norder: any\nnodes:\n"
                              "  - { name: read, use: files.read, with: { path: in.jsonl } }\n"
                              f"  - {{ name: run, use: basic.exec, parallelism: 512, with: {{ {values} }} }}\n"
                              "  - { name: result, use: files.write, with: { path: engine.jsonl } }\n", "--fresh")
                assert run.manifest["records"]["written"] == records, run.manifest["records"]
                self.best(rates, f"basic.exec: {name}", records / run.elapsed_s)
            self.best(rates, "Python's subprocess, one by one", records / self.one_by_one(helper))
            if BENTHOS_PROGRAM:
                self.best(rates, BENTHOS, records / self.peer_seconds(
                    BENTHOS_PROGRAM, "run", BENCH / "benthos" / "programs.yaml"))
        for name, rate in rates.items():
            bar, ok = (">= 20,000/s", rate >= 20_000) if name.startswith("basic.exec") else ("", None)
            self.row(name, f"{rate:,.0f}/s", bar, ok)

    def one_by_one(self, helper):
        begin = time.monotonic()
        with subprocess.Popen(["python3", "-S", helper, "same.py"], cwd=self.folder, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as program, \
                open(self.folder / "in.jsonl", "rb") as lines, open(self.folder / "loop.jsonl", "wb") as out:
            for number, line in enumerate(lines):
                program.stdin.write(b'{"id":%d,"record":%s}\n' % (number, line.rstrip()))
                program.stdin.flush()
                answer = json.loads(program.stdout.readline())
                out.write(json.dumps(answer["record"]).encode() + b"\n")
            program.stdin.close()
        return time.monotonic() - begin

    def memory(self):
        records = 10_000_000 if self.options.whole else 1_000_000
        run = Watched(self.folder, f"name: memory\nnodes:\n"
                      f"  - {{ name: count, use: bench.count, with: {{ count: {records} }} }}\n"
                      + chain(10) + f"  - {NEXT_TO_NOTHING}\n", "--fresh", sample_s=0.25)
        series = run.rss_mb[2:] or run.rss_mb
        step = max(1, len(series) // 12)
        grown = series[-1] / series[len(series) // 4]
        self.row(f"{records:,} records, 10 operators", f"{records / run.elapsed_s:,.0f}/s", "", None,
                 rss_mb=series[::step], last_over_first_quarter=grown)


ROWS = {"hops": Bench.hops, "nodes": Bench.nodes, "async": Bench.asynchronous, "busy": Bench.busy, "slow": Bench.slow,
        "unready": Bench.unready, "start": Bench.start, "memory": Bench.memory,
        "programs": Bench.programs}


def main():
    parser = parser_of("engine_bench", __doc__, ROWS)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--whole", action="store_true")
    options, bench = run_chosen(parser, "engine_bench", Bench, ROWS)
    not_run = ([] if BENTHOS_PROGRAM else ["Benthos"]) + ([] if PEERS else ["Bytewax"])
    if not_run:
        print(f"peers not run: {', '.join(not_run)}")
    if options.folder:
        result = {"cores": THREADS, "records": options.records, "rows": bench.rows,
                  "peers_not_run": not_run}
        (options.folder / "engine_bench.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
