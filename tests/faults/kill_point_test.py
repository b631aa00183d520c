"""SIGKILL between any two of the names that an output changes: the next start ends as if nothing had happened."""

import json
import shutil
import signal
import unittest

from faulty_pipelines import FaultsTest
from harness import copy_folder
from power_loss import faulty_environment, rules_file

PIPELINE = """
name: outputs
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl, append: true } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl, max_records_per_file: 20 } }
  - { name: packed, use: files.write, from: documents, with: { path: out/packed.jsonl.gz, max_records_per_file: 25 } }
  - { name: table, use: files.write, from: documents, with: { path: out/table.csv, max_records_per_file: 30 } }
  - { name: single, use: files.write, from: documents, with: { path: out/single.jsonl.gz } }
  - { name: array, use: files.write, from: documents, with: { path: out/array.csv } }
"""
COMMAND = ("outputs.yaml", "--progress", "none")
# Of an older, longer result: what has gaps counts, too.
OLDER = [f"rows-{number:05}.jsonl" for number in (0, 1, 2, 4, 7, 8, 9, 11)] + \
        [f"table-{number:05}.csv" for number in (0, 3, 6, 7)]
# Less than there are; a test that kills nothing would pass all the same.
FEWEST_KILLS = 10


class KillPointTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.prepared = self.folder.parent / "prepared"
        self.peaceful = dict(self.environment)
        self.folder.mkdir(parents=True)
        (self.folder / "outputs.yaml").write_text(PIPELINE)

    def add(self, first, last):
        with open(self.folder / "corpus.jsonl", "a", encoding="utf-8") as lines:
            for number in range(first, last):
                lines.write(json.dumps({"number": number, "text": f"note {number}"}) + "\n")

    def outputs(self):
        return {file.name: file.read_bytes() for file in (self.folder / "out").iterdir()}

    def lay_out_prepared(self):
        shutil.rmtree(self.folder)
        copy_folder(self.prepared, self.folder)

    def start_that_dies(self, number, *arguments):
        """Whether it was killed instead of changing a name of an output for so many times."""
        rules_file(self.folder).write_text(f"die /out/ {number}\n")
        self.environment.update(faulty_environment(self.folder))
        process = self.run_engine(*COMMAND, *arguments)
        self.environment = dict(self.peaceful)
        if process.returncode == -signal.SIGKILL:
            return True
        self.assert_exit(process, 0)
        return False

    def kill_at_each(self, *arguments):
        """What is done from the prepared folder on, killed at each change of a name; then it goes on to the end."""
        self.folder.rename(self.prepared)
        copy_folder(self.prepared, self.folder)
        self.assert_exit(self.run_engine(*COMMAND), 0)
        whole = self.outputs()
        kills = 0
        while True:
            self.lay_out_prepared()
            died = self.start_that_dies(kills + 1, *arguments)
            if died:
                kills += 1
                # And once more, where the next start begins to mend it.
                self.start_that_dies(2, *arguments)
            self.assert_exit(self.run_engine(*COMMAND), 0)
            outputs = self.outputs()
            self.assertEqual(sorted(outputs), sorted(whole), f"killed at change {kills}")
            self.assertEqual(outputs, whole, f"killed at change {kills}")
            if not died:
                break
        print(f"{self.id()}: {kills} kills")
        self.assertGreaterEqual(kills, FEWEST_KILLS)
        return whole

    def put_older(self):
        (self.folder / "out").mkdir()
        for name in OLDER:
            (self.folder / "out" / name).write_text("older")

    def names(self):
        """Of 90 records."""
        return [f"rows-{number:05}.jsonl" for number in range(5)] + \
            [f"packed-{number:05}.jsonl.gz" for number in range(4)] + \
            [f"table-{number:05}.csv" for number in range(3)] + ["single.jsonl.gz", "array.csv"]

    def test_a_result_that_replaces_a_longer_one(self):
        self.put_older()
        self.add(0, 90)
        self.assertEqual(sorted(self.kill_at_each()), sorted(self.names()))

    def test_a_copy_that_replaces_a_longer_result(self):
        self.put_older()
        self.add(0, 90)
        self.assertEqual(sorted(self.kill_at_each("--limit", 45)), sorted(self.names()))

    def test_a_result_that_grows(self):
        self.add(0, 57)
        self.assert_exit(self.run_engine(*COMMAND), 0)
        self.add(57, 90)
        self.assertEqual(sorted(self.kill_at_each()), sorted(self.names()))


if __name__ == "__main__":
    unittest.main()
