#!/usr/bin/env python3
"""slots_bench [FOLDER]: tokens a second of the demo model on its llama-server, with 4 slots against 1.

The same prompts, answers of the same length, one after the other and four at a time. The time until the model
is loaded is taken out: it is that of a run over a single passage. Without the demo model there is no row.
"""

import json
import os
import pathlib
import sys

here = pathlib.Path(__file__).resolve()
build = here.parent.parent
os.environ.setdefault("RARE_TEST_BUILD", str(build))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", "e2e"))

from harness import EngineTest  # noqa: E402

PASSAGES, TOKENS = 24, 96
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "rare-engine"
MODEL, SERVER = CACHE / "models" / "gemma-3-270m-q4_k_m.gguf", CACHE / "bin" / "llama-server"


class Bench(EngineTest):
    def run_with(self, slots, passages):
        """Seconds and completion tokens."""
        name = f"slots-{slots}-{passages}"
        corpus = self.write_corpus(passages, f"{name}.jsonl")
        pipeline = self.write(f"{name}.yaml", f"""
name: {name}
services:
  model: {{ use: llm.local, with: {{ model: {MODEL}, server: {SERVER}, slots: {slots}, context: 1024, cache: "off" }} }}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: {corpus} }} }}
  - name: answers
    use: llm.generate
    with:
      llm: model
      prompt: "Write about this.\\n\\n{{{{text}}}}"
      generation: {{ max_tokens: {TOKENS}, temperature: 0, extra_body: {{ ignore_eos: true }} }}
      max_attempts: 1
  - {{ name: result, use: files.write, with: {{ path: {name}.out.jsonl }} }}
max_errors: {passages}
stop_after_errors: {passages + 1}
""")
        self.assert_exit(self.run_engine(pipeline, "--progress", "none"), 0)
        manifest = self.manifest(name)
        return manifest["elapsed_s"], manifest["services"]["model"]["completion_tokens"]

    def runTest(self):
        self.rows = {}
        for slots in (1, 4):
            loading_s, first = self.run_with(slots, 1)
            all_s, all_tokens = self.run_with(slots, PASSAGES)
            self.rows[slots] = (all_tokens - first) / (all_s - loading_s)


def main():
    if not MODEL.exists() or not SERVER.exists():
        print("the demo model is not here: `./dev run` fetches it")
        return
    bench = Bench()
    bench.setUp()
    try:
        bench.runTest()
    finally:
        bench.doCleanups()
    result = {"passages": PASSAGES, "tokens_an_answer": TOKENS, "cores": os.cpu_count(),
              "tokens_s_1_slot": bench.rows[1], "tokens_s_4_slots": bench.rows[4],
              "ratio": bench.rows[4] / bench.rows[1]}
    for name, value in result.items():
        print(f"{name:18} {value:.2f}" if isinstance(value, float) else f"{name:18} {value}")
    if len(sys.argv) == 2:
        pathlib.Path(sys.argv[1], "slots_bench.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
