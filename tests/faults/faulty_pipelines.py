"""The pipelines that the fault suite disturbs, and what of a run must be as if nothing had happened."""

import itertools
import json
import os
import random
import shutil
import sqlite3
import time

from harness import EngineTest, HANG_S, PIPELINES, ProtocolServer, passages

MAX_IN_FLIGHT = 16
# Calls that a kill may cost: those in flight, and those whose reply had come but was not on disk yet. Each
# of the two nodes that ask has room for twice what the endpoint is asked at once.
CALLS_LOST = 2 * 2 * MAX_IN_FLIGHT

TEACHER = f"""
services:
  teacher:
    use: llm.openai
    with: {{ base_url: "${{RARE_LLM_URL}}", model: "${{RARE_LLM_MODEL}}", max_in_flight: {MAX_IN_FLIGHT} }}
"""

# Fan-out, one record to several, records that are filtered, that fail and that were never any; a data set.
BRANCHES = """
name: branches
order: any
max_errors: 50%
stop_after_errors: 50%
""" + TEACHER + """
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - name: numbered
    use: basic.map
    with:
      program: 'if .number % 29 == 0 then error("an unlucky number") else . + {half: (.number / 2 | floor)} end'
  - { name: kept, use: basic.filter, with: { where: .number % 5 != 0, reason: every fifth } }
  - { name: questions, use: Doc2Query, with: { llm: teacher }, save: out/questions.jsonl }
  - { name: parts, use: basic.flatten, with: { field: parts, output_key: part } }
  - { name: part_rows, use: files.write, with: { path: out/parts.jsonl } }
  - name: twins
    use: basic.map
    from: questions
    with: { program: '(. + {twin: 1}), (. + {twin: 2})' }
  - { name: twin_rows, use: files.write, with: { path: out/twins.jsonl } }
  - name: training
    use: export.sft
    from: questions
    with: { path: out/training, validation: 0.3, input_reasoning_key: scenario, prompt: "{{question}}" }
"""

# Whole-set nodes behind a node that is paid for, and one more such node behind them; an output is compressed.
WHOLE_SET = """
name: whole-set
""" + TEACHER + """
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher }, save: out/questions.jsonl.gz }
  - { name: distinct, use: basic.dedupe, with: { field: question } }
  - { name: sorted, use: basic.sort, with: { by: question } }
  - name: further
    use: Doc2Query
    with:
      { llm: teacher, input_key: scenario, output_question_key: next_question, output_scenario_key: next_scenario }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }
  - { name: topics, use: basic.count, from: questions, with: { field: topic } }
  - { name: topic_rows, use: files.write, with: { path: out/topics.jsonl } }
"""


def fault_seed():
    """Of what is left to chance; said, so that RARE_FAULTS_SEED can bring it back."""
    seed = int(os.environ.get("RARE_FAULTS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"RARE_FAULTS_SEED={seed}", flush=True)
    return seed


def plain_lines(count):
    return [json.dumps(passage) for passage in passages(count)]


def uneven_lines(count):
    """Some cannot be read, some lack what a node needs."""
    lines = []
    for number, passage in enumerate(passages(count)):
        record = passage | {"number": number, "parts": [f"{number}.{part}" for part in range(number % 4)]}
        if number % 37 == 0:
            del record["parts"]
        line = json.dumps(record)
        lines.append(line[:len(line) // 2] if number % 41 == 0 else line)
    return lines


def repeated_lines(count):
    """A third of the texts comes twice."""
    lines = []
    for number, passage in enumerate(passages(count)):
        text = passage["text"] if number % 3 else "This one comes again. " + passage["text"].split(". ", 1)[1]
        lines.append(json.dumps(passage | {"topic": number % 7, "text": text}))
    return lines


class FaultyPipeline:
    """A pipeline as the suite runs it; all its paths are relative to the folder of the run."""

    def __init__(self, name, lines, outputs, text=None, in_order=True, settings=(), server=()):
        self.name = name
        self.lines = lines
        self.outputs = outputs
        self.text = text
        self.in_order = in_order
        self.server = ["--latency-ms", 20, *server]
        sets = [f"services.teacher.with.max_in_flight={MAX_IN_FLIGHT}",
                "nodes.documents.with.path=corpus.jsonl", *settings]
        if text is None:
            self.command = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml"]
            for setting in sets:
                self.command += ["--set", setting]
        else:
            self.command = [f"{name}.yaml"]
        self.command += ["--progress", "none"]

    def lay_out(self, folder, records):
        folder.mkdir(parents=True)
        (folder / "corpus.jsonl").write_text("\n".join(self.lines(records)) + "\n")
        if self.text is not None:
            (folder / f"{self.name}.yaml").write_text(self.text)

    def rows(self, folder):
        rows = {}
        for output in self.outputs:
            lines = (folder / output).read_bytes().splitlines(keepends=True)
            rows[output] = lines if self.in_order else sorted(lines)
        return rows

    def manifest(self, folder):
        return json.loads((folder / ".rare" / self.name / "manifest.json").read_text())

    def left_behind(self, folder):
        """What a run leaves, whatever happened on the way and wherever the folder is."""
        state = folder / ".rare" / self.name
        manifest = self.manifest(folder)
        counts = ("in", "out", "filtered", "dead", "filter_reasons")
        return {
            "status": manifest["status"],
            "records": manifest["records"],
            "nodes": {name: {count: node[count] for count in counts}
                      for name, node in manifest["nodes"].items()},
            "dead letters": (state / "dead_letters.jsonl").read_bytes()
            .replace(os.fsencode(folder), b".").splitlines(),
            "rows": self.rows(folder),
        }


RARE = FaultyPipeline("rare-openai", plain_lines, ["out/rare-openai.jsonl"])
PIPELINES_UNDER_FAULTS = {
    "rare": RARE,
    "branches": FaultyPipeline(
        "branches", uneven_lines,
        ["out/questions.jsonl", "out/parts.jsonl", "out/twins.jsonl"] +
        [f"out/training/{name}" for name in ("train.jsonl", "validation.jsonl", "README.md")],
        text=BRANCHES, in_order=False),
    "whole_set": FaultyPipeline(
        "whole-set", repeated_lines, ["out/questions.jsonl.gz", "out/rows.jsonl", "out/topics.jsonl"],
        text=WHOLE_SET),
    # Which calls are refused or cut does not change what comes out; which answers are truncated does,
    # and so it is the same ones in every run.
    "bad_endpoint": FaultyPipeline(
        "rare-openai", plain_lines, ["out/rare-openai.jsonl"],
        settings=["max_errors=50%", "stop_after_errors=50%", "services.teacher.with.max_retries=20",
                  "nodes.questions.with.max_attempts=2", "nodes.reasoning.with.max_attempts=2"],
        server=["--fault-429", 4, "--fault-cut", 1, "--malformed", 2, "--truncated-prompts", 15,
                "--retry-after", "0.05"]),
}


def answered(stats):
    """Calls that got an answer which can be used, or was on its way when nobody waited any more."""
    return stats["statuses"].get("200", 0) - stats["malformed"]


class FaultsTest(EngineTest):
    undisturbed_runs = {}

    def setUp(self):
        super().setUp()
        self.folder = self.folder.resolve() / "run"

    def lay_out(self, pipeline, records):
        """The folder as it is before the first start."""
        shutil.rmtree(self.folder, ignore_errors=True)
        pipeline.lay_out(self.folder, records)

    def assert_same_lines(self, lines, expected, name):
        if lines == expected:
            return
        differing = [(number, *pair) for number, pair in
                     enumerate(itertools.zip_longest(lines, expected)) if pair[0] != pair[1]]
        number, line, wanted = differing[0]
        self.fail(f"{name}: {len(lines)} lines, not {len(expected)}; {len(differing)} differ, the first "
                  f"is line {number + 1}:\n{line}\ninstead of\n{wanted}")

    def committed(self, pipeline):
        """Records that a run on the way has written and committed."""
        process = self.run_engine("status", f".rare/{pipeline.name}", "--json")
        return json.loads(process.stdout)["records"]["read"] if process.returncode == 0 else 0

    def check_whole(self, pipeline, whole, replies=".rare/replies.db"):
        """The folder holds a complete run, the same as `whole`."""
        left = pipeline.left_behind(self.folder)
        self.assertEqual(left["records"], whole["records"])
        self.assertEqual(left["nodes"], whole["nodes"])
        self.assertEqual(left["status"], whole["status"])
        self.assert_same_lines(left["dead letters"], whole["dead letters"], "dead_letters.jsonl")
        for output in pipeline.outputs:
            self.assert_same_lines(left["rows"][output], whole["rows"][output], output)
        for database in (replies, f".rare/{pipeline.name}/state.db"):
            with sqlite3.connect(self.folder / database) as connection:
                self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            connection.close()

    def undisturbed(self, pipeline, records):
        """What a run leaves that nothing happens to, the calls that were answered, and its seconds."""
        key = (pipeline, records)
        if key not in self.undisturbed_runs:
            self.lay_out(pipeline, records)
            with ProtocolServer(*pipeline.server) as server:
                self.use_endpoint(server)
                begin = time.monotonic()
                process = self.run_engine(*pipeline.command)
                seconds = time.monotonic() - begin
                self.assert_exit(process, 0)
                calls = answered(server.stats())
            left = pipeline.left_behind(self.folder)
            self.assertEqual(left["status"], "complete")
            self.undisturbed_runs[key] = (left, calls, seconds)
        return self.undisturbed_runs[key]
