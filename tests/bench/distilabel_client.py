"""distilabel_client URL CALLS IN_FLIGHT PROMPT_BYTES: the language-model client of distilabel, a framework for synthetic
data, in batches of IN_FLIGHT, without its pipeline around it."""

import warnings

from peer_client import measure

warnings.simplefilter("ignore")
from distilabel.models import OpenAILLM  # noqa: E402


def ask_all(url, calls, in_flight, prompt):
    model = OpenAILLM(model="bench", base_url=url + "/v1", api_key="none")
    model.load()
    answered = 0
    for first in range(0, calls, in_flight):
        numbers = range(first, min(calls, first + in_flight))
        inputs = [[{"role": "user", "content": f"{number} {prompt}"}] for number in numbers]
        answered += sum(bool(output["generations"][0]) for output in model.generate_outputs(inputs=inputs))
    if answered != calls:
        raise RuntimeError(f"{answered} of {calls} answered")


if __name__ == "__main__":
    measure(ask_all)
