"""openai_client URL CALLS IN_FLIGHT PROMPT_BYTES: AsyncOpenAI, on which most frameworks for synthetic data stand.

Prints its rate and its CPU time as JSON.
"""

import asyncio
import json
import resource
import sys
import time

import openai


async def ask_on(client, questions, prompt):
    for number in questions:
        messages = [{"role": "user", "content": f"{number} {prompt}"}]
        reply = await client.chat.completions.create(model="bench", messages=messages)
        if not reply.choices[0].message.content:
            raise RuntimeError("no text")


async def run(url, calls, in_flight, prompt_bytes):
    questions = iter(range(calls))
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        await asyncio.gather(*(ask_on(client, questions, "x" * prompt_bytes) for _ in range(in_flight)))


def main():
    url, calls, in_flight, prompt_bytes = sys.argv[1], *map(int, sys.argv[2:5])
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    asyncio.run(run(url.rstrip("/") + "/v1", calls, in_flight, prompt_bytes))
    elapsed, now = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"calls": calls, "calls_per_s": calls / elapsed, "cpu_ms_per_call": 1000 * cpu / calls}))


if __name__ == "__main__":
    main()
