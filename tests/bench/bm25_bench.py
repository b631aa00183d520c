#!/usr/bin/env python3
"""bm25_bench [FOLDER] [--rounds N] [--part NAME,...]: the search index against its peers.

  queries   k = 20, analysis included, on 200,000 passages of English documentation (bm25_corpus.py):
            long queries (45 words) and short ones (8 words), one thread and two; building; file size;
            the hits of all queries, with the bits of their scores, against Lucene's
  memory    the same index built within 512 MB and 64 MB
  tool      the executable: from corpus to first answer, BM25HardNeg in a pipeline beside the bare index,
            a compact file, memory while searching
  growth    100,000 and 1,000,000 synthetic passages: time a query beside postings
  scale     only when named, 30 GB of disk: 1,000,000 and 10,000,000, and the greater searched in a control group of 1 GB

Peers: Lucene (the jars of RARE_BENCH_LUCENE, run by RARE_BENCH_JAVA), bm25s with numba, tantivy and PISA
(the Python of RARE_BENCH_BM25_PEERS). The machine may be shared: all take turns, the best round of each counts,
and what is judged is ratios, for one thread those of processor time.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
RATE = BUILD / "bin" / "bm25_rate"
ENGINE = BUILD / "bin" / "rare-engine"
BENCH = pathlib.Path("@CMAKE_CURRENT_SOURCE_DIR@")
CORPORA = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "rare-engine/bench-bm25"
PYTHON = os.environ.get("RARE_BENCH_BM25_PEERS")
JAVA, LUCENE = os.environ.get("RARE_BENCH_JAVA"), os.environ.get("RARE_BENCH_LUCENE")
KINDS = ("long", "short")
MB = 1_000_000

PIPELINE = """
services:
  corpus: { use: bm25.index, with: { CORPUS } }
nodes:
  - { name: records, use: files.read, with: { path: RECORDS } }
  - { name: negatives, use: BM25HardNeg, with: { index: corpus } }
  - { name: result, use: files.write, with: { path: result.jsonl, fields: [hard_negatives] } }
"""


def run_s(command, folder):
    """Wall time and the greatest memory in bytes of one process."""
    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command} failed: {said.decode()}")
    return time.monotonic() - begin, usage.ru_maxrss * 1024


def output_of(name, command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    print(f"{name} does not run here, its rows are left out: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return None


class Peer:
    """A program that builds an index and asks it; the best of its rounds."""

    def __init__(self, name, command):
        self.name, self.command, self.best, self.runs = name, command, None, True

    def run(self, folder):
        place = folder / "index"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        found = output_of(self.name, [str(part) for part in self.command(place)]) if self.runs else None
        if found is None:
            self.runs = False
        elif self.best is None:
            self.best = found
        else:
            self.best["build_s"] = min(self.best["build_s"], found["build_s"])
            for kind, rates in found["queries"].items():
                for threads, rate in rates.items():
                    kept = self.best["queries"][kind][threads]
                    kept["per_s"] = max(kept["per_s"], rate["per_s"])
                    kept["cpu_us"] = min(kept["cpu_us"], rate["cpu_us"])


def forget_pages_of(folder):
    """Takes the folder's files out of the page cache, so that who reads them next is charged for them."""
    for path in pathlib.Path(folder).iterdir():
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


class ControlGroup:
    """A control group with a limit of memory, pages of files included, of version 2 or 1; needs root."""

    def __init__(self, limit_bytes):
        self.made, self.why = False, "none is mounted"
        for root, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            self.path = pathlib.Path(root) / f"rare-bench-{os.getpid()}"
            if not (pathlib.Path(root) / "cgroup.procs").exists():
                continue
            try:
                self.path.mkdir()
                (self.path / limit).write_text(str(limit_bytes), encoding="ascii")
                self.made = True
                return
            except OSError as error:
                self.why = error
                if self.path.exists():
                    self.path.rmdir()

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def remove(self):
        self.path.rmdir()


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options, self.rows, self.lucene_bytes = folder, options, [], None

    def row(self, name, value, bar="", ok=None, **more):
        self.rows.append({"name": name, "value": value, "bar": bar, "ok": ok, **more})
        verdict = "" if ok is None else "ok" if ok else "MISS"
        shown = "  ".join(f"{key} {value}" for key, value in more.items())
        print(f"{name:44} {value:>12}  {bar:22} {verdict:4}  {shown}", flush=True)

    def peers(self):
        corpus = CORPORA / "english.jsonl"
        files = {kind: CORPORA / f"english.{kind}.txt" for kind in KINDS}
        named = [f"{kind}={file}" for kind, file in files.items()]
        peers = [Peer("rare-engine", lambda place: [RATE, corpus, place, "--hits", self.folder / "ours.hits",
                                                    *files.values()])]
        if JAVA and LUCENE:
            peers.append(Peer("Lucene 10.6", lambda place: [
                JAVA, "-Xmx4g", "--add-modules", "jdk.incubator.vector", "-cp", LUCENE, BENCH / "LuceneRate.java",
                corpus, place, self.folder / "lucene.hits", *named]))
        else:
            print("no Java of 21 or newer with Lucene: its rows are left out", file=sys.stderr)
        if PYTHON:
            for name, peer in (("bm25s 0.3 numba", "bm25s"), ("tantivy 0.27", "tantivy"),
                               ("PISA 0.4.9", "pisa")):
                peers.append(Peer(name, lambda place, peer=peer: [PYTHON, BENCH / "bm25_peers.py", peer, corpus, place,
                                                                  *named]))
        return peers

    def queries(self):
        peers = self.peers()
        for _ in range(self.options.rounds):
            for peer in peers:
                peer.run(self.folder)
        peers = [peer for peer in peers if peer.best]
        ours, others = peers[0].best, {peer.name: peer.best for peer in peers[1:]}
        passages = ours["passages"]
        bars = {("Lucene 10.6", "long"): 6, ("bm25s 0.3 numba", "long"): 3, ("Lucene 10.6", "short"): 3.5,
                ("bm25s 0.3 numba", "short"): 2.5, ("tantivy 0.27", "short"): 2.5, ("PISA 0.4.9", "short"): 2.5}
        for kind in KINDS:
            for threads in ("1", "2"):
                rate = ours["queries"][kind][threads]
                self.row(f"{kind} queries/s, {threads} thread(s)", round(rate["per_s"]), cpu_us=round(rate["cpu_us"]))
                for name, other in others.items():
                    theirs = other["queries"][kind][threads]
                    ratio = rate["per_s"] / theirs["per_s"]
                    # What others do on the machine lengthens a thread's time, but hardly its processor time.
                    if threads == "1":
                        ratio = theirs["cpu_us"] / rate["cpu_us"]
                    bar = bars.get((name, kind))
                    self.row(f"  times {name}", f"{ratio:.2f}", f"{bar} or more" if bar else "",
                             ratio >= bar if bar else None, per_s=round(theirs["per_s"]),
                             cpu_us=round(theirs["cpu_us"]))
        self.row("passages indexed/s", round(passages / ours["build_s"]), "40000", passages / ours["build_s"] >= 40000)
        for name, other in others.items():
            ratio = other["build_s"] / ours["build_s"]
            bar = {"Lucene 10.6": 2.16, "bm25s 0.3 numba": 5.3}.get(name)
            self.row(f"  times {name}", f"{ratio:.2f}", f"{bar} or more" if bar else "", ratio >= bar if bar else None,
                     per_s=round(passages / other["build_s"]))
        if "Lucene 10.6" in others:
            self.lucene_bytes = others["Lucene 10.6"]["file_bytes"]
            ratio = ours["file_bytes_without_texts"] / self.lucene_bytes
            self.row("file without texts, times Lucene's", f"{ratio:.2f}", "4 or less", ratio <= 4,
                     bytes=ours["file_bytes_without_texts"], with_texts=ours["file_bytes"])
            hits = [(self.folder / name).read_bytes().splitlines() for name in ("ours.hits", "lucene.hits")]
            different = sum(left != right for left, right in zip(*hits, strict=True))
            self.row("queries with other hits or score bits", different, "0", different == 0, of=len(hits[0]))

    def build_s(self, limit):
        place = self.folder / "limited"
        shutil.rmtree(place, ignore_errors=True)
        found = output_of("rare-engine", [str(part) for part in (RATE, CORPORA / "english.jsonl", place,
                                                                 "--memory-limit", limit)])
        shutil.rmtree(place)
        return found["build_s"]

    def memory(self):
        seconds = {"64MB": [], "512MB": [], "100GB": []}
        for _ in range(max(2, self.options.rounds)):
            for limit, runs in seconds.items():
                runs.append(self.build_s(limit))
        for limit in ("512MB", "64MB"):
            ratio = min(seconds[limit]) / min(seconds["100GB"])
            self.row(f"building within {limit}, times unlimited", f"{ratio:.2f}", "1.3 or less", ratio <= 1.3)

    def write_records(self, count, corpus="english"):
        """Passages of the corpus, each with every second word of it as its question; the questions as queries, too."""
        questions = []
        with open(CORPORA / f"{corpus}.jsonl", encoding="utf-8") as passages, \
                open(self.folder / "records.jsonl", "w", encoding="utf-8") as records:
            for _, line in zip(range(count), passages):
                text = json.loads(line)["text"]
                questions.append(" ".join(text.split()[::2]))
                records.write(json.dumps({"text": text, "question": questions[-1]}) + "\n")
        (self.folder / "records.long.txt").write_text("\n".join(questions) + "\n", encoding="utf-8")

    def pipeline_s(self, corpus):
        shutil.rmtree(self.folder / ".rare", ignore_errors=True)
        (self.folder / "p.yaml").write_text(
            PIPELINE.replace("CORPUS", corpus).replace("RECORDS", "records.jsonl"), encoding="utf-8")
        seconds, _ = run_s([ENGINE, "p.yaml", "--fresh", "--progress", "none"], self.folder)
        return seconds

    def tool(self):
        corpus = CORPORA / "english.jsonl"
        rounds = range(self.options.rounds)
        self.write_records(1)
        seconds = min(self.pipeline_s(f"path: {corpus}") for _ in rounds)
        self.row("200,000 passages to the first answer, s", f"{seconds:.1f}", "under 6", seconds < 6)

        sizes = {}
        for name, options in (("whole", []), ("compact", ["--compact"])):
            place = self.folder / name
            run_s([ENGINE, "index", "build", "--corpus", corpus, "--out", place, *options], self.folder)
            info = subprocess.run([ENGINE, "index", "info", place, "--json"], check=True, stdout=subprocess.PIPE)
            sizes[name] = json.loads(info.stdout)
        texts = sizes["whole"]["sections"][0]["bytes"]
        whole, compact = (sizes[name]["bytes"] - texts for name in ("whole", "compact"))
        self.row("compact file without texts, times whole", f"{compact / whole:.2f}", bytes=compact, whole=whole)

        if self.lucene_bytes:
            ratio = compact / self.lucene_bytes
            self.row("compact file without texts, times Lucene's", f"{ratio:.2f}", "2 or less", ratio <= 2)

        queries = self.folder / "queries.jsonl"
        with open(queries, "w", encoding="utf-8") as lines:
            for kind in KINDS:
                for query in (CORPORA / f"english.{kind}.txt").read_text(encoding="utf-8").splitlines():
                    lines.write(json.dumps({"query": query}) + "\n")
        for name in ("whole", "compact"):
            seconds, memory = run_s([ENGINE, "index", "search", self.folder / name, "--queries", queries], self.folder)
            more = (memory - sizes[name]["bytes"]) / MB
            self.row(f"memory beyond the {name} file, MB", f"{more:.0f}", "50 or less", more <= 50,
                     seconds=round(seconds, 2))

        # Where texts are all different; and English pages, of which one in twenty stands in a crowd of up to a thousand
        # that are nearly alike: none of these is a negative, and all are looked at.
        subprocess.run([sys.executable, BENCH / "bm25_corpus.py", CORPORA, "100000"], check=True)
        zipf = self.folder / "zipf"
        run_s([ENGINE, "index", "build", "--corpus", CORPORA / "zipf100000.jsonl", "--out", zipf], self.folder)
        self.mining("zipf100000", zipf, "of synthetic passages")
        self.mining("english", self.folder / "whole", "of English pages")

    def mining(self, corpus, index, records):
        """In turns: a run of the pipeline over an index that lies ready (it starts, checks the index, reads, writes and
        ends), and searches alone, of twenty hits as in all rows, and of five: what the operator needs for its three
        negatives and two spare hits, where no copies crowd them."""
        self.write_records(100_000, corpus)
        mined, alone = [], {20: [], 5: []}
        for _ in range(self.options.rounds):
            mined.append(100_000 / self.pipeline_s(f"prebuilt: {index}"))
            for k, rates in alone.items():
                bare = output_of("rare-engine", [str(part) for part in (
                    RATE, "-", index, self.folder / "records.long.txt", "--prebuilt", "--k", k, "--rounds", 1)])
                rates.append(bare["queries"]["long"]["2"]["per_s"])
        calls = json.loads((self.folder / ".rare/p/manifest.json").read_bytes())["services"]["corpus"]["calls"]
        self.row(f"BM25HardNeg, 100,000 records {records}, records/s", round(max(mined)), bare=round(max(alone[20])),
                 bare_of_five_hits=round(max(alone[5])), searches_a_record=calls / 100_000)
        for k, bar in ((20, 0.8), (5, None)):
            ratios = sorted(one / other for one, other in zip(mined, alone[k]))
            self.row(f"  times the bare index, {k} hits, best turn", f"{ratios[-1]:.2f}", f"{bar} or more" if bar else "",
                     ratios[-1] >= bar if bar else None, worst=round(ratios[0], 2))

    def synthetic(self, passages):
        """Where the index of so many synthetic passages lies, built by the executable; what a long query takes."""
        subprocess.run([sys.executable, BENCH / "bm25_corpus.py", CORPORA, str(passages)], check=True)
        place = self.folder / f"zipf{passages}"
        seconds, memory = run_s([ENGINE, "index", "build", "--corpus", CORPORA / f"zipf{passages}.jsonl", "--out", place],
                                self.folder)
        command = [RATE, "-", place, CORPORA / f"zipf{passages}.long.txt", "--prebuilt", "--rounds", 4]
        found = output_of("rare-engine", [str(part) for part in command])
        long = found["queries"]["long"]
        self.row(f"{passages} passages: us a query", round(long["1"]["cpu_us"]), postings=found["postings"],
                 per_s=round(long["1"]["per_s"]), two_threads=round(long["2"]["per_s"]),
                 indexed_per_s=round(passages / seconds), build_MB=round(memory / MB),
                 file_MB=round(found["file_bytes"] / MB))
        return place, found["postings"], long["1"]["cpu_us"]

    def growth(self):
        (_, few, fast), (_, many, slow) = (self.synthetic(passages) for passages in (100_000, 1_000_000))
        self.row("time's growth beside the postings'", f"{slow / fast / (many / few):.2f}", "1 or less",
                 slow / fast <= many / few)

    def scale(self):
        _, few, fast = self.synthetic(1_000_000)
        place, many, slow = self.synthetic(10_000_000)
        self.row("time's growth beside the postings'", f"{slow / fast / (many / few):.2f}", "1 or less",
                 slow / fast <= many / few)
        queries = self.folder / "zipf.jsonl"
        with open(queries, "w", encoding="utf-8") as lines:
            for query in (CORPORA / "zipf10000000.long.txt").read_text(encoding="utf-8").splitlines():
                lines.write(json.dumps({"query": query}) + "\n")
        answers, seconds = {}, {}
        for name in ("free", "in 1 GB"):
            forget_pages_of(place)
            group = ControlGroup(1 << 30) if name != "free" else None
            if group and not group.made:
                print(f"no control group of memory can be made here ({group.why}): its row is left out", file=sys.stderr)
                return
            begin = time.monotonic()
            done = subprocess.run([ENGINE, "index", "search", place, "--queries", queries, "--float-bits"], check=True,
                                  stdout=subprocess.PIPE, preexec_fn=group.enter if group else None)
            answers[name], seconds[name] = done.stdout, time.monotonic() - begin
            if group:
                group.remove()
        same = answers["free"] == answers["in 1 GB"]
        self.row("10,000,000 passages, 200 queries in 1 GB, s", round(seconds["in 1 GB"], 1), "the same answers", same,
                 free_s=round(seconds["free"], 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=str(BUILD / "bench"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--part", default="queries,memory,tool,growth")
    options = parser.parse_args()
    subprocess.run([sys.executable, BENCH / "bm25_corpus.py", CORPORA], check=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(pathlib.Path(folder).resolve(), options)
        for part in options.part.split(","):
            getattr(bench, part)()
    results = pathlib.Path(options.folder) / "bm25_bench.json"
    results.write_text(json.dumps(bench.rows, indent=1) + "\n", encoding="utf-8")
    print(f"rows in {results}")


if __name__ == "__main__":
    main()
