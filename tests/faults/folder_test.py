"""Folders that turn read-only, vanish or are replaced under a run: it says so and loses nothing."""

import shutil
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered
from harness import HANG_S, ProtocolServer, copy_folder, wait_until
from power_loss import faulty_environment, rules_file

RECORDS = 300
PIPELINE = PIPELINES_UNDER_FAULTS["rare"]


class FolderTest(FaultsTest):
    def disturb(self, fault, *said):
        """A run to whose folders `fault` does something when some records are committed."""
        self.whole, self.calls, _ = self.undisturbed(PIPELINE, RECORDS)
        self.lay_out(PIPELINE, RECORDS)
        self.server = ProtocolServer("--latency-ms", 50)
        self.addCleanup(self.server.close)
        self.use_endpoint(self.server)
        peaceful = dict(self.environment)
        self.environment.update(faulty_environment(self.folder))
        process = self.start(*PIPELINE.command)
        self.environment = peaceful
        wait_until(lambda: self.committed(PIPELINE) > 0 or process.poll() is not None)
        fault()
        _, error = process.communicate(timeout=HANG_S)
        self.assertNotIn(process.returncode, (0, 130), error)
        self.assertGreater(process.returncode, 0, error)
        for text in said:
            self.assertIn(text, error)

    def complete(self, *arguments, paid_again=CALLS_LOST):
        self.assert_exit(self.run_engine(*PIPELINE.command, *arguments), 0)
        self.assertLessEqual(answered(self.server.stats()), self.calls + paid_again)
        self.check_whole(PIPELINE, self.whole)

    def away(self, name):
        (self.folder / name).rename(self.folder / (name + ".away"))

    def put_back(self, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / (name + ".away")).rename(self.folder / name)

    def make_read_only(self, text):
        rules_file(self.folder).write_text(f"readonly {text}\n")

    def test_output_folder_turns_read_only(self):
        self.disturb(lambda: self.make_read_only("/out/"), "out/rare-openai.jsonl.part", "Read-only file system")
        rules_file(self.folder).unlink()
        self.complete()

    def test_output_folder_is_gone_for_a_while(self):
        self.disturb(lambda: self.away("out"), "out/rare-openai.jsonl.part", "removed or replaced")
        process = self.run_engine(*PIPELINE.command)
        self.assert_exit(process, 2)
        self.assertIn("put the file back", process.stderr)
        self.put_back("out")
        self.complete()

    def test_output_folder_is_removed_for_good(self):
        self.disturb(lambda: shutil.rmtree(self.folder / "out"), "out/rare-openai.jsonl.part", "--fresh")
        process = self.run_engine(*PIPELINE.command)
        self.assert_exit(process, 2)
        self.assertIn("--fresh", process.stderr)
        self.complete("--fresh")

    def test_output_folder_is_replaced(self):
        def replace():
            self.away("out")
            copy_folder(self.folder / "out.away", self.folder / "out")
        self.disturb(replace, "out/rare-openai.jsonl.part", "removed or replaced")
        self.put_back("out")
        self.complete()

    def test_state_folder_turns_read_only(self):
        self.disturb(lambda: self.make_read_only(".rare/rare-openai/"), "state.db", "writ")
        rules_file(self.folder).unlink()
        self.complete()

    def test_state_folder_is_gone_for_a_while(self):
        self.disturb(lambda: self.away(".rare/rare-openai"), "state.db", "removed or replaced")
        self.put_back(".rare/rare-openai")
        self.complete()

    def test_state_folder_is_removed_for_good(self):
        self.disturb(lambda: shutil.rmtree(self.folder / ".rare/rare-openai"), "state.db", "removed or replaced")
        self.complete()

    def test_folder_of_replies_is_gone_for_a_while(self):
        self.disturb(lambda: self.away(".rare"), ".rare", "removed or replaced")
        self.put_back(".rare")
        self.complete()

    def test_folder_of_replies_is_replaced(self):
        def replace():
            self.away(".rare")
            copy_folder(self.folder / ".rare.away", self.folder / ".rare")
        self.disturb(replace, ".rare", "removed or replaced")
        self.put_back(".rare")
        self.complete()


if __name__ == "__main__":
    unittest.main()
