"""openai_client URL CALLS IN_FLIGHT PROMPT_BYTES: AsyncOpenAI, on which most frameworks for synthetic data stand."""

import asyncio

import openai

from peer_client import measure


async def ask_on(client, questions, prompt):
    for number in questions:
        messages = [{"role": "user", "content": f"{number} {prompt}"}]
        reply = await client.chat.completions.create(model="bench", messages=messages)
        if not reply.choices[0].message.content:
            raise RuntimeError("no text")


async def ask_all(url, calls, in_flight, prompt):
    questions = iter(range(calls))
    async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none", max_retries=0) as client:
        await asyncio.gather(*(ask_on(client, questions, prompt) for _ in range(in_flight)))


if __name__ == "__main__":
    measure(lambda *work: asyncio.run(ask_all(*work)))
