#!/usr/bin/env python3
"""sdk_bench [FOLDER]: what a plugin's author waits for: the lines and the compile time of the smallest
plugin (the first of docs/writing-plugins.md), against the SDK as `cmake --install` leaves it.

Each compiler takes five turns, without ccache; the median and the least are told, of the time that passes
and of the processor's. What a call of an operator costs is told by engine_bench (--rows nodes).
"""

import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent
PAGE = pathlib.Path("@CMAKE_SOURCE_DIR@") / "docs" / "writing-plugins.md"
SMALLEST = ("shout.cc", "CMakeLists.txt")
TURNS = 5
MOST_LINES, MOST_S = 30, 5.0


def smallest_plugin():
    """File name -> content, of blocks of the page, which begin with their file's name."""
    found = dict(re.findall(r"```(?:cpp|cmake)\n(?://|#) ([\w.]+)\n(.*?)```", PAGE.read_text(), re.DOTALL))
    return {name: found[name] for name in SMALLEST}


def run(*words, cwd):
    subprocess.run([str(word) for word in words], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def main():
    results = []

    def row(name, value, bar, **more):
        results.append({"name": name, "value": value, "bar": bar, "ok": value <= bar, **more})
        shown = "".join(f"  {key} {number:.2f}" for key, number in more.items())
        verdict = "ok" if value <= bar else "NO"
        print(f"{name:44} {value:8.4g}{shown}  at most {bar:g}: {verdict}", flush=True)

    with tempfile.TemporaryDirectory(prefix="rare-sdk-bench-") as scratch:
        folder = pathlib.Path(scratch)
        run("cmake", "--install", BUILD, "--prefix", folder / "prefix", cwd=folder)
        files = smallest_plugin()
        for name, text in files.items():
            (folder / name).write_text(text)
        lines = sum(text.count("\n") for text in files.values())
        row("lines of the smallest plugin, CMake included", lines, MOST_LINES)
        for compiler in filter(shutil.which, ("g++", "clang++")):
            passed, used = [], []
            for _ in range(TURNS):
                shutil.rmtree(folder / "build", ignore_errors=True)
                run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}", "-DCMAKE_BUILD_TYPE=Release",
                    f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_CXX_COMPILER_LAUNCHER=", cwd=folder)
                before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
                run("cmake", "--build", "build", cwd=folder)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                passed.append(time.monotonic() - began)
                used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            row(f"s to compile and link it, {compiler} -O3", statistics.median(passed), MOST_S, least=min(passed),
                processor=statistics.median(used), least_processor=min(used))
    if len(sys.argv) > 1:
        (pathlib.Path(sys.argv[1]) / "sdk_bench.json").write_text(
            json.dumps({"cores": os.cpu_count(), "rows": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
