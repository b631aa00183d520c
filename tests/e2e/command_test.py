"""llm.local with a `command`: a server of the user's own choice, here a stand-in that forks."""

import json
import os
import unittest

from harness import BUILD, HANG_S, EngineTest, read_jsonl, wait_until

STAND_IN = BUILD / "bin" / "stand_in_llama_server"


def running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class CommandTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.pids_file = self.folder / "pids"

    def pids(self):
        return [int(pid) for pid in self.pids_file.read_text().split()] if self.pids_file.exists() else []

    def pipeline(self, words, more=""):
        self.write_corpus(20)
        command = f"{STAND_IN} --port {{port}} --host {{host}} --pid-file {self.pids_file} {words}"
        return self.write("pipeline.yaml", f"""
services:
  teacher:
    use: llm.local
    with:
      command: {json.dumps(command)}
      {more}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: corpus.jsonl }} }}
  - {{ name: questions, use: Doc2Query, with: {{ llm: teacher }} }}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
""")

    def test_a_run_starts_its_server_and_ends_it(self):
        process = self.run_engine(self.pipeline("--lists org/model --forks"), "--progress", "none")
        self.assert_exit(process, 0)
        self.assertEqual(len(read_jsonl(self.folder / "out.jsonl")), 20)
        self.assertEqual(len(self.pids()), 2)
        wait_until(lambda: not any(map(running, self.pids())))
        again = self.run_engine(self.folder / "pipeline.yaml", "--fresh", "--progress", "none")
        self.assert_exit(again, 0)
        self.assertEqual(len(self.pids()), 2, "every reply was stored")

    def test_sigkill_of_the_engine_leaves_no_worker_behind(self):
        process = self.start(self.pipeline("--lists m --forks --deaf --hold"), "--progress", "none")
        wait_until(lambda: len(self.pids()) == 2 or process.poll() is not None)
        self.assertIsNone(process.poll())
        process.kill()
        process.communicate(timeout=HANG_S)
        wait_until(lambda: not any(map(running, self.pids())))

    def test_a_name_is_no_path(self):
        os.makedirs(self.folder / "org", exist_ok=True)
        process = self.run_engine(self.pipeline("--lists org/model", "model: org/model"),
                                  "--progress", "none")
        self.assert_exit(process, 0)
        manifest = json.loads((self.folder / ".rare" / "pipeline" / "manifest.json").read_text())
        self.assertEqual(manifest["services"]["teacher"]["calls"], 20)

    def test_what_is_for_llama_server_is_refused(self):
        process = self.run_engine("validate", self.pipeline("--lists m", "slots: 8"))
        self.assert_exit(process, 2)
        self.assertIn("`max_in_flight`", process.stderr)
        self.assertIn("teacher", process.stderr)

    def test_a_server_that_does_not_start(self):
        process = self.run_engine(self.pipeline("--refuse-start"), "--progress", "none")
        self.assert_exit(process, 4)
        self.assertIn("does not start: exit code 3", process.stderr)
        self.assertIn("the stand-in does not want to start", process.stderr)

    def test_a_model_that_the_server_does_not_list(self):
        process = self.run_engine(self.pipeline("--lists a,b", "model: c"), "--progress", "none")
        self.assert_exit(process, 2)
        self.assertIn("a, b", process.stderr)


if __name__ == "__main__":
    unittest.main()
