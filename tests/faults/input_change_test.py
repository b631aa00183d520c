"""Input that is another one at the second start of a run is refused, with its name and what changed."""

import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, FaultyPipeline, TEACHER, answered, plain_lines
from harness import HANG_S, ProtocolServer, read_jsonl, wait_until

RECORDS = 300
# One call a record, which nothing but the record decides.
PIPELINE = FaultyPipeline("questions", plain_lines, ["out/questions.jsonl"], text="name: questions" + TEACHER + """
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher } }
  - { name: rows, use: files.write, with: { path: out/questions.jsonl } }
""")


class InputChangeTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.lay_out(PIPELINE, RECORDS)
        self.corpus = self.folder / "corpus.jsonl"
        self.server = ProtocolServer("--latency-ms", 20)
        self.addCleanup(self.server.close)
        self.use_endpoint(self.server)
        process = self.start(*PIPELINE.command)
        wait_until(lambda: self.server.stats()["calls"] > 100 or process.poll() is not None)
        process.kill()
        process.communicate(timeout=HANG_S)

    def refused(self, changed_records, *said):
        """Is refused; with --fresh only what is another record is paid for."""
        process = self.run_engine(*PIPELINE.command)
        self.assert_exit(process, 2)
        for text in ("'documents'", "corpus.jsonl, ", "--fresh", *said):
            self.assertIn(text, process.stderr)
        self.assert_exit(self.run_engine(*PIPELINE.command, "--fresh"), 0)
        self.assertLessEqual(answered(self.server.stats()), RECORDS + changed_records + CALLS_LOST)
        rows = read_jsonl(self.folder / PIPELINE.outputs[0])
        self.assertEqual([row["text"] for row in rows], [record["text"] for record in read_jsonl(self.corpus)])

    def lines(self):
        return self.corpus.read_text().splitlines(keepends=True)

    def test_it_grew(self):
        lines = self.lines()
        self.corpus.write_text("".join(lines) + lines[-1].replace("collection", "larger collection"))
        self.refused(1, "size")

    def test_it_shrank(self):
        self.corpus.write_text("".join(self.lines()[:-5]))
        self.refused(0, "size")

    def test_it_lost_its_last_newline(self):
        self.corpus.write_text("".join(self.lines())[:-1])
        self.refused(0, "size")

    def test_it_changed_in_the_middle(self):
        lines = self.lines()
        lines[RECORDS // 2] = lines[RECORDS // 2].replace("collection", "kollection")
        self.corpus.write_text("".join(lines))
        self.refused(1, "mtime_ns")

    def test_it_is_gone(self):
        self.corpus.rename(self.folder / "away.jsonl")
        process = self.run_engine(*PIPELINE.command)
        self.assert_exit(process, 2)
        self.assertIn("corpus.jsonl: there is no such file", process.stderr)
        (self.folder / "away.jsonl").rename(self.corpus)
        self.assert_exit(self.run_engine(*PIPELINE.command), 0)


if __name__ == "__main__":
    unittest.main()
