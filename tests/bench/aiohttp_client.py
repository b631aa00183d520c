"""aiohttp_client URL CALLS IN_FLIGHT PROMPT_BYTES: the client that a good programmer writes in an afternoon.

Asks so many different questions, so many at once, takes the text out of each reply, and prints its rate and
its CPU time as JSON. Neither retries nor stores anything.
"""

import asyncio
import json
import resource
import sys
import time

import aiohttp
import orjson


async def ask_on(session, url, questions, prompt):
    for number in questions:
        body = orjson.dumps({"model": "bench", "messages": [{"role": "user", "content": f"{number} {prompt}"}]})
        async with session.post(url, data=body) as response:
            reply = orjson.loads(await response.read())
            if response.status != 200 or not reply["choices"][0]["message"]["content"]:
                raise RuntimeError(f"status {response.status}")


async def run(url, calls, in_flight, prompt_bytes):
    questions = iter(range(calls))
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight), headers=headers) as session:
        await asyncio.gather(*(ask_on(session, url, questions, "x" * prompt_bytes) for _ in range(in_flight)))


def main():
    url, calls, in_flight, prompt_bytes = sys.argv[1], *map(int, sys.argv[2:5])
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    asyncio.run(run(url.rstrip("/") + "/v1/chat/completions", calls, in_flight, prompt_bytes))
    elapsed, now = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"calls": calls, "calls_per_s": calls / elapsed, "cpu_ms_per_call": 1000 * cpu / calls}))


if __name__ == "__main__":
    main()
