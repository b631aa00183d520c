"""data_designer_client URL CALLS IN_FLIGHT PROMPT_BYTES: data-designer, a framework for synthetic data, with one column
that a model writes; its pipeline is around the client, because the framework gives no client of its own."""

import logging
import os
import tempfile

from peer_client import measure

os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
import data_designer.config as dd  # noqa: E402
import pandas  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402


def ask_all(url, calls, in_flight, prompt):
    logging.disable(logging.WARNING)
    provider = dd.ModelProvider(name="bench", endpoint=url + "/v1", provider_type="openai", api_key="none")
    model = dd.ModelConfig(
        alias="bench", model="bench", provider="bench", skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=in_flight))
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame({"number": range(calls)})))
    builder.add_column(dd.LLMTextColumnConfig(name="answer", prompt="{{ number }} " + prompt, model_alias="bench"))
    with tempfile.TemporaryDirectory() as folder:
        made = DataDesigner(artifact_path=folder, model_providers=[provider]).create(builder, num_records=calls)
        answered = int(made.load_dataset()["answer"].astype(bool).sum())
    if answered != calls:
        raise RuntimeError(f"{answered} of {calls} answered")


if __name__ == "__main__":
    measure(ask_all)
