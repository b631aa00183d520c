"""Records as the pipeline rare.yaml finishes them, and the folders that they are exported to."""

import json

from harness import EngineTest

SAMPLES = "input_rejected_key"
FORMS = {
    "messages": {},
    "with-system": {"system": "Think."},
    "thinking": {"thinking": "field"},
    "messages-dpo": {"objective": "dpo", SAMPLES: "samples"},
    "messages-kto": {"objective": "kto", SAMPLES: "samples"},
    "sharegpt": {"format": "sharegpt", "system": "Think."},
    "sharegpt-dpo": {"format": "sharegpt", "objective": "dpo", SAMPLES: "samples"},
    "sharegpt-kto": {"format": "sharegpt", "objective": "kto", SAMPLES: "samples"},
    "alpaca": {"format": "alpaca"},
    "alpaca-dpo": {"format": "alpaca", "objective": "dpo", SAMPLES: "samples", "system": "Think."},
    "alpaca-kto": {"format": "alpaca", "objective": "kto", SAMPLES: "samples"},
}
# The others have what it does not read.
LLAMA_FACTORY_FORMS = FORMS.keys() - {"thinking", "messages-dpo", "messages-kto"}
RETRIEVER_FORMS = {
    "flagembedding": {"format": "flagembedding"},
    "triplets": {"format": "triplets"},
    "tuples": {"format": "tuples", "num_neg": 3},
    "tevatron": {"format": "tevatron"},
}


def finished(number):
    """With samples of the reasoning, of which the first is the one that was kept."""
    reasoning = f"Passage 2 matters.\nAnswer: {number}"
    return {"id": f"d{number}", "text": f"Document {number} " + "and more " * (number % 40),
            "question": f"Question {number}?", "scenario": f"Scenario {number}.",
            "hard_negatives": [f"Negative {number}.{other}" for other in range(3)],
            "passages_order": [1, 0, 3, 2], "reasoning": reasoning,
            "samples": [reasoning, f"Passage 1, I think.\nAnswer: {number + 1}"]}


class ExportedTest(EngineTest):
    def export(self, records, use, forms, **more):
        """One run writes all forms; the folder of each by its name."""
        self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        nodes = [{"name": "records", "use": "files.read", "with": {"path": "in.jsonl"}}]
        for name, parameters in forms.items():
            nodes.append({"name": name, "use": use, "from": "records",
                          "with": {"path": f"out/{name}", **parameters, **more}})
        self.write("p.yaml", json.dumps({"name": "p", "nodes": nodes}))
        self.assert_exit(self.run_engine("p.yaml", "--fresh", "--progress", "none"), 0)
        return {name: self.folder / "out" / name for name in forms}
