"""distilabel_client URL CALLS IN_FLIGHT PROMPT_BYTES: the language-model client of distilabel, a framework for synthetic
data, in batches of IN_FLIGHT, without its pipeline around it.

Prints its rate and its CPU time as JSON.
"""

import json
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
from distilabel.models import OpenAILLM  # noqa: E402


def main():
    url, calls, in_flight, prompt_bytes = sys.argv[1], *map(int, sys.argv[2:5])
    model = OpenAILLM(model="bench", base_url=url.rstrip("/") + "/v1", api_key="none")
    model.load()
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    answered = 0
    for first in range(0, calls, in_flight):
        numbers = range(first, min(calls, first + in_flight))
        inputs = [[{"role": "user", "content": f"{number} {'x' * prompt_bytes}"}] for number in numbers]
        answered += sum(bool(output["generations"][0]) for output in model.generate_outputs(inputs=inputs))
    elapsed, now = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    if answered != calls:
        raise RuntimeError(f"{answered} of {calls} answered")
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"calls": calls, "calls_per_s": calls / elapsed, "cpu_ms_per_call": 1000 * cpu / calls}))


if __name__ == "__main__":
    main()
