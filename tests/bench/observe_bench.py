#!/usr/bin/env python3
"""observe_bench [FOLDER] [--rows NAME,...] [--records N] [--pairs N]: what it costs to be watched.

  cost     the pipeline of the engine's benchmark (JSON Lines of 500 bytes through three operators that
           do nothing, and nowhere: a disk's moods would hide two per cent), unseen, and with everything on: the live block on a terminal of 120 x 40, the
           page's requests of three viewers each second, one of whom has a node open (a tap), metrics
           scraped each second, the log as JSON. Both take turns in the same run; the figure is
           the median over the pairs. The viewers' own work is on the same cores, and counts.
  page     bytes of the page as they are sent
  browser  in Chromium, where it is installed: first paint, and the heap of a page over 100 nodes after
           60 s (by the test in tests/browser)
"""

import fcntl
import gzip
import http.client
import json
import os
import pathlib
import pty
import re
import shutil
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
from urllib.parse import urlparse

BUILD = pathlib.Path(__file__).resolve().parent.parent
ENGINE = BUILD / "bin" / "rare-engine"
SOURCE = pathlib.Path("@CMAKE_SOURCE_DIR@")
sys.path.insert(0, str(SOURCE / "tests" / "bench"))
from bench_rows import Rows, parser_of, run_chosen  # noqa: E402  (found by the line above)
from engine_bench import NEXT_TO_NOTHING, chain, write_input  # noqa: E402

HANG_S = 600
VIEWERS = 3


class Viewer(threading.Thread):
    """Asks for `paths` of `url` each second, as an open page does; a path may rest on the last answers."""

    def __init__(self, url, paths):
        super().__init__(daemon=True)
        place = urlparse(url)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=HANG_S)
        self.paths, self.answers, self.fault, self.ended = paths, 0, None, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(1.0 if self.answers else 0.1):
            for path in self.paths:
                answer = self.ask(path) or self.ask(path)  # again where the server had closed an idle connection
                if answer is None:
                    return  # the run has ended
                if answer.status == 503 and self.answers == 0:
                    break  # the run begins
                if answer.status != 200:
                    self.fault = f"{path} is answered with {answer.status}"
                    return
                self.answers += 1

    def ask(self, path):
        try:
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            answer.read()
            return answer
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return None

    def close(self):
        self.ended.set()
        self.join()
        self.connection.close()


def terminal():
    """(ours, the run's) ends of a terminal that is read by a thread until it closes; its bytes are kept."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    return ours, theirs


class Run:
    """One run of the pipeline in `folder`: seconds of the engine's clock and of its cores, most memory, and
    how often it was asked."""

    def __init__(self, folder, is_watched):
        state = folder / ".rare"
        shutil.rmtree(state, ignore_errors=True)
        command = [ENGINE, "pipeline.yaml", "--fresh", "--state-dir", ".rare", "--plugin-path", BUILD / "test_plugins/bench"]
        self.shown = b""
        if is_watched:
            ours, theirs = terminal()
            process = subprocess.Popen([*command, "--progress", "bar", "--ui", "0", "--metrics-port", "0", "--log-format", "json"],
                                       cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
            os.close(theirs)
            viewers = self.watch(ours)
        else:
            process = subprocess.Popen([*command, "--progress", "none"], cwd=folder, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.shown, viewers = process.stderr.read(), []
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for viewer in viewers:
            viewer.close()
            if viewer.fault:
                sys.exit(f"observe_bench: {viewer.fault}")
        if process.returncode != 0:
            sys.exit(f"observe_bench: the engine ended with {process.returncode}:\n{self.shown.decode(errors='replace')}")
        self.asked = sum(viewer.answers for viewer in viewers)
        manifest = json.loads((state / "manifest.json").read_text())
        self.written, self.elapsed_s = manifest["records"]["written"], manifest["elapsed_s"]
        self.cpu_s, self.memory_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def watch(self, ours):
        """Reads the terminal to its end, the viewers begin as soon as the addresses stand on it."""
        viewers = []
        while True:
            try:
                self.shown += os.read(ours, 1 << 16)
            except OSError:  # how Linux says that the other end was closed
                os.close(ours)
                return viewers
            page = re.search(rb"the run can be seen at (http://[^\s\"]+)", self.shown)
            metrics = re.search(rb"metrics at (http://[^\s\"]+)", self.shown)
            if not viewers and page and metrics:
                asked = ["/api/progress", "/api/history?after=0", "/api/log?after=0"]
                for number in range(VIEWERS):
                    more = ["/api/tap?node=pass1&after=0"] if number == 0 else []
                    viewers.append(Viewer(page.group(1).decode(), asked + more))
                viewers.append(Viewer(metrics.group(1).decode(), [urlparse(metrics.group(1).decode()).path]))


class Bench(Rows):
    WIDTHS = (44, 10, 9)

    def __init__(self, folder, options):
        super().__init__()
        self.folder, self.options = folder, options

    def cost(self):
        write_input(self.folder / "in.jsonl", self.options.records)
        (self.folder / "pipeline.yaml").write_text(
            "name: watched\nnodes:\n  - { name: read, use: files.read, with: { path: in.jsonl } }\n" + chain(3) +
            f"  - {NEXT_TO_NOTHING}\n")
        Run(self.folder, False)  # the input is in memory from here on
        pairs = []
        for turn in range(self.options.pairs):
            order = (False, True) if turn % 2 == 0 else (True, False)
            runs = {is_watched: Run(self.folder, is_watched) for is_watched in order}
            for run in runs.values():
                assert run.written == self.options.records, run.written
            pairs.append((runs[False], runs[True]))
        for _, seen in pairs:
            assert b"records finished" in seen.shown, "the block was not drawn"
            assert seen.asked > seen.elapsed_s * (3 * VIEWERS + 2) / 2, f"the viewers were answered {seen.asked} times only"
        lost = [1 - unseen.elapsed_s / seen.elapsed_s for unseen, seen in pairs]
        cpu = [seen.cpu_s / unseen.cpu_s - 1 for unseen, seen in pairs]
        more = statistics.median(seen.memory_mb - unseen.memory_mb for unseen, seen in pairs)
        rate = statistics.median(self.options.records / unseen.elapsed_s for unseen, _ in pairs)
        self.row("throughput lost, everything on", f"{100 * statistics.median(lost):.1f}%", "< 2%", statistics.median(lost) < 0.02,
                 unseen_per_s=f"{rate:,.0f}", each=[f"{100 * value:.1f}%" for value in lost],
                 seconds=statistics.median(seen.elapsed_s for _, seen in pairs), asked=pairs[0][1].asked)
        self.row("cores' time more, everything on", f"{100 * statistics.median(cpu):.1f}%", "", None,
                 each=[f"{100 * value:.1f}%" for value in cpu])
        self.row("memory more, everything on", f"{more:.1f} MB", "< 30 MB", more < 30,
                 unseen_mb=statistics.median(unseen.memory_mb for unseen, _ in pairs))

    def page(self):
        sent = len(gzip.compress((SOURCE / "engine/observe/ui/dist/page.html").read_bytes(), 9, mtime=0))
        served = self.served_page_bytes()
        self.row("page, bytes as sent", f"{served:,}", "< 300,000", served < 300_000, gzip_of_the_file=sent)

    def served_page_bytes(self):
        (self.folder / "page.yaml").write_text(
            "name: page\nnodes:\n  - { name: count, use: bench.count, with: { count: 2000000000 } }\n  - { name: result, use: bench.nowhere }\n")
        process = subprocess.Popen(
            [ENGINE, "page.yaml", "--fresh", "--state-dir", ".rare-page", "--plugin-path", BUILD / "test_plugins/bench", "--progress", "none",
             "--ui", "0", "--set", "grace_s=0"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        try:
            place = urlparse(re.search(r"seen at (http\S+)", process.stderr.readline()).group(1))
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=HANG_S)
            connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
            return len(connection.getresponse().read())
        finally:
            process.kill()
            process.communicate()

    def browser(self):
        if shutil.which("chromedriver") is None:
            self.row("first paint, heap of 100 nodes", "not run", "", None, why="there is no Chromium here (apt: chromium-driver)")
            return
        environment = os.environ | {"RARE_HEAP_SECONDS": "60", "RARE_TEST_BUILD": str(BUILD), "RARE_TEST_SOURCE": str(SOURCE),
                                    "PYTHONPATH": str(SOURCE / "tests/e2e"), "PYTHONDONTWRITEBYTECODE": "1"}
        test = "live_page_browser_test.LivePageBrowserTest.test_a_hundred_nodes_and_a_heap_that_does_not_grow"
        done = subprocess.run([sys.executable, "-m", "unittest", test], cwd=SOURCE / "tests/browser", env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG_S, check=False)
        heap = re.search(r"heap of 100 nodes: (\d+) KiB, after (\d+) s (\d+) KiB", done.stdout)
        paint = re.search(r"first contentful paint after ([\d.]+) ms", done.stdout)
        if done.returncode != 0 or not heap or not paint:
            sys.exit(f"observe_bench: the browser's test failed:\n{done.stdout}")
        before, seconds, after = map(int, heap.groups())
        self.row("first paint, 100 nodes", f"{float(paint.group(1)):.0f} ms", "< 1,000", float(paint.group(1)) < 1000)
        # The page keeps its history, which is bounded; the test allows it 3 MiB.
        self.row(f"heap after {seconds} s, 100 nodes", f"{after / 1024:.1f} MiB", "< 3 more", after < before + 3072,
                 at_first_mib=before / 1024)


ROWS = {"cost": Bench.cost, "page": Bench.page, "browser": Bench.browser}


def main():
    parser = parser_of("observe_bench", __doc__, ROWS)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--pairs", type=int, default=9)
    options, bench = run_chosen(parser, "observe_bench", Bench, ROWS)
    if options.folder:
        result = {"cores": os.cpu_count(), "records": options.records, "pairs": options.pairs, "rows": bench.rows}
        (options.folder / "observe_bench.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
