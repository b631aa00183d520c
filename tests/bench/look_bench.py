#!/usr/bin/env python3
"""look_bench [FOLDER] [--records N] [--gigabytes N]: what `report` and `inspect` cost.

A report over N records (a million) of some 3.4 kB, planted twins among them: seconds, peak memory of the
process, bytes of the page. Then a file of N gigabytes (10): seconds until the first screen of `inspect` in a
terminal of its own, until record 5,000,000 (or one of the last) is there for the first time, and again with what
was kept beside the file. Nothing of the large file is in memory before each of these. The files are removed at
the end.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import pty
import random
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
PIPELINE = """
name: small
nodes:
  - { name: rows, use: files.read, with: { path: small.jsonl } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
"""


def texts(count, words, chance):
    known = ["".join(chance.choice("etaoinshrdlu") for _ in range(chance.randint(2, 9))) for _ in range(5000)]
    return [" ".join(chance.choice(known) for _ in range(words)) for _ in range(count)]


def lines(count):
    """Documents of 100 words in three parts of their own, questions, negatives. One document comes twice, and
    once more with another word in its middle."""
    chance = random.Random(1)
    begins, middles, ends = (texts(n, words, chance) for n, words in ((997, 30), (991, 40), (983, 30)))
    bodies, questions = texts(997, 100, chance), texts(499, 14, chance)
    rest = [json.dumps({"hard_negatives": [bodies[(7 * i + j) % 997] for j in (1, 2, 3)],
                        "reasoning": bodies[(3 * i) % 997] + "."})[1:] for i in range(991)]
    for n in range(count):
        text = 7 if n >= count - 2 else n
        middle = middles[text % 991].replace(" ", " planted ", 1) if n == count - 2 else middles[text % 991]
        yield (f'{{"id": "d{n}", "text": "Note {text}. {begins[text % 997]} {middle} {ends[text % 983]}", '
               f'"question": "In case {n}, {questions[n % 499]}?", {rest[n % 991]}\n')


def forget(path):
    """What the system keeps of a file in memory, so that it comes from the disk again."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def measured(folder, *command):
    """Seconds, those of processors, peak memory in MB, standard output."""
    began = time.monotonic()
    process = subprocess.Popen([ENGINE, *map(str, command)], cwd=folder, stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"look_bench: {command} gave {process.returncode}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def first_screen(folder, path):
    own, theirs = pty.openpty()
    began = time.monotonic()
    process = subprocess.Popen([ENGINE, "inspect", path], cwd=folder, stdin=theirs, stdout=theirs,
                               env=dict(os.environ, TERM="xterm"))
    seen = b""
    while b"1/" not in seen:
        seen += os.read(own, 1 << 16)
    seconds = time.monotonic() - began
    process.kill()
    process.wait()
    os.close(own)
    os.close(theirs)
    return seconds


def bench_report(folder, count, results):
    path = folder / "rows.jsonl"
    with open(path, "w") as file:
        file.writelines(lines(count))
    (folder / "small.jsonl").write_text("{}\n")
    (folder / "small.yaml").write_text(PIPELINE)
    subprocess.run([ENGINE, "small.yaml", "--progress", "none"], cwd=folder, check=True, capture_output=True)
    megabytes = path.stat().st_size / 1e6
    seconds, processors, memory, _ = measured(folder, "report", "small.yaml", "--file", path, "--out", "page.html")
    page = (folder / "page.html").read_text()
    data = json.loads(page.split('id="data">', 1)[1].split("</script>", 1)[0])
    twins, near = data["rows"]["twins"]["texts"], data["rows"]["twins"]["near_texts"]
    if [twins["groups"], twins["shown"][0]["rows"]] != [1, [8, count]]:
        sys.exit(f"look_bench: the planted document was not found: {twins}")
    if near["shown"][0]["rows"] != [8, count - 1, count]:
        sys.exit(f"look_bench: the planted document that is nearly the same was not found: {near['shown'][:2]}")
    results["report"] = {"records": count, "megabytes": round(megabytes), "seconds": round(seconds, 2),
                         "processor_s": round(processors, 2),
                         "peak_mb": round(memory), "page_kb": round(len(page) / 1000)}
    print(f"  report over {count:,} records, {megabytes:,.0f} MB: {seconds:.1f} s ({processors:.1f} s of processors), "
          f"{memory:.0f} MB of memory, page {len(page) / 1000:.0f} kB", flush=True)
    path.unlink()


def write_large(path, gigabytes):
    """How many records. Shorter ones, so that there are more than five million."""
    block = [json.dumps({"n": n, "text": line[60:1650]}) + "\n" for n, line in enumerate(lines(10_000))]
    bytes_of_block = "".join(block).encode()
    times = int(gigabytes * 1e9 / len(bytes_of_block)) + 1
    with open(path, "wb") as file:
        for _ in range(times):
            file.write(bytes_of_block)
    return times * len(block)


def bench_inspect(folder, gigabytes, results):
    path = folder / "large.jsonl"
    # In a process of its own: what this one has held at most counts for those that it starts.
    with multiprocessing.Pool(1) as writer:
        records = writer.apply(write_large, (path, gigabytes))
    wanted = min(5_000_000, records - 5_000)
    forget(path)
    screen = first_screen(folder, path)
    kept = pathlib.Path(f"{path}.places")
    kept.unlink(missing_ok=True)
    forget(path)
    first, _, _, _ = measured(folder, "inspect", path, "--at", wanted, "--print", 1)
    forget(path)
    seconds, _, memory, out = measured(folder, "inspect", path, "--at", wanted, "--print", 1)
    if f"record {wanted}\n" not in out or f"n\n  {(wanted - 1) % 10_000}\n" not in out:
        sys.exit(f"look_bench: not record {wanted}: {out[:200]}")
    results["inspect"] = {"gigabytes": round(path.stat().st_size / 1e9, 2), "records": records,
                          "first_screen_s": round(screen, 3), "record": wanted, "first_jump_s": round(first, 2),
                          "jump_s": round(seconds, 3), "kept_kb": round(kept.stat().st_size / 1000),
                          "peak_mb": round(memory)}
    print(f"  inspect of {path.stat().st_size / 1e9:.1f} GB, {records:,} records: first screen {screen:.2f} s; "
          f"record {wanted:,} for the first time {first:.1f} s, again {seconds:.3f} s; {memory:.0f} MB of memory, "
          f"{kept.stat().st_size / 1000:.0f} kB kept", flush=True)
    path.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--gigabytes", type=float, default=10)
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory(prefix="rare-look-bench-", dir=arguments.folder) as scratch:
        bench_report(pathlib.Path(scratch), arguments.records, results)
        bench_inspect(pathlib.Path(scratch), arguments.gigabytes, results)
    if arguments.folder:
        (pathlib.Path(arguments.folder) / "look_bench.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
