"""aiohttp_client URL CALLS IN_FLIGHT PROMPT_BYTES: the client that a good programmer writes in an afternoon.

Takes the text out of each reply; neither retries nor stores anything.
"""

import asyncio

import aiohttp
import orjson

from peer_client import measure


async def ask_on(session, url, questions, prompt):
    for number in questions:
        body = orjson.dumps({"model": "bench", "messages": [{"role": "user", "content": f"{number} {prompt}"}]})
        async with session.post(url, data=body) as response:
            reply = orjson.loads(await response.read())
            if response.status != 200 or not reply["choices"][0]["message"]["content"]:
                raise RuntimeError(f"status {response.status}")


async def ask_all(url, calls, in_flight, prompt):
    questions = iter(range(calls))
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight), headers=headers) as session:
        await asyncio.gather(*(ask_on(session, url + "/v1/chat/completions", questions, prompt)
                               for _ in range(in_flight)))


if __name__ == "__main__":
    measure(lambda *work: asyncio.run(ask_all(*work)))
