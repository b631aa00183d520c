"""curator_client URL CALLS IN_FLIGHT PROMPT_BYTES: bespokelabs-curator, a framework for synthetic data, asking each
question once, with its store of replies as it comes. Its tokenizer would fetch a file from the network; a token is four
bytes instead, which takes it no time."""

import os
import tempfile

import tiktoken
from peer_client import measure


class Bytes:
    def encode(self, text, **_):
        return range(len(text) // 4)


tiktoken.get_encoding = tiktoken.encoding_for_model = lambda _: Bytes()
os.environ.update(CURATOR_DISABLE_RICH_DISPLAY="1", TELEMETRY_ENABLED="false", OPENAI_API_KEY="none")
from bespokelabs import curator  # noqa: E402


def ask_all(url, calls, in_flight, prompt):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CURATOR_CACHE_DIR"] = folder
        model = curator.LLM(model_name="bench", backend="openai", backend_params={
            "base_url": url + "/v1", "api_key": "none", "max_concurrent_requests": in_flight,
            "max_requests_per_minute": 10_000_000, "max_tokens_per_minute": 10_000_000_000})
        rows = model([f"{number} {prompt}" for number in range(calls)]).dataset
        answered = sum(bool(row["response"]) for row in rows)
    if answered != calls:
        raise RuntimeError(f"{answered} of {calls} answered")


if __name__ == "__main__":
    measure(ask_all)
