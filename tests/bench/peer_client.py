"""What clients that rare-engine is compared with have in common: URL CALLS IN_FLIGHT PROMPT_BYTES on the command line,
and their rate and CPU time on standard output, as JSON."""

import json
import resource
import sys
import time


def measure(ask_all):
    """ask_all(url, calls, in_flight, prompt) asks so many different questions, so many at once."""
    url, calls, in_flight, prompt_bytes = sys.argv[1].rstrip("/"), *map(int, sys.argv[2:5])
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    ask_all(url, calls, in_flight, "x" * prompt_bytes)
    elapsed, now = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"calls": calls, "calls_per_s": calls / elapsed, "cpu_ms_per_call": 1000 * cpu / calls}))
