"""A full disk: what is full is named, the exit code says that it can be mended, and the run goes on after."""

import contextlib
import subprocess
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered
from harness import HANG_S, ProtocolServer, wait_until
from power_loss import faulty_environment, rules_file

RECORDS = 300
ROOM = "ree some "  # "free some space", at the beginning of a sentence or not


class FullDiskTest(FaultsTest):
    def fill_up(self, pipeline_name, text, at_record=0, said=ROOM, lost=0):
        """Files whose path holds `text` stop growing when so many records are committed; `lost` calls may
        be paid again."""
        pipeline = PIPELINES_UNDER_FAULTS[pipeline_name]
        whole, calls, _ = self.undisturbed(pipeline, RECORDS)
        self.lay_out(pipeline, RECORDS)
        peaceful = self.environment
        self.environment = dict(peaceful, **faulty_environment(self.folder))
        rules = rules_file(self.folder)
        with ProtocolServer(*pipeline.server) as server:
            self.use_endpoint(server)
            process = self.start(*pipeline.command)
            self.environment = dict(peaceful)
            self.use_endpoint(server)
            if at_record > 0:
                wait_until(lambda: server.stats()["calls"] >= at_record or process.poll() is not None)
            rules.write_text(f"full {text} 0\n")
            _, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 4, error)
            self.assertIn(text.split("/")[-1].removesuffix(".tmp"), error)
            self.assertIn("No space left on device" if said == ROOM else said, error)
            self.assertIn(ROOM, error)
            rules.unlink()
            self.assert_exit(self.run_engine(*pipeline.command), 0)
            self.assertLessEqual(answered(server.stats()), calls + lost)
        self.check_whole(pipeline, whole)

    def test_output(self):
        self.fill_up("rare", "out/rare-openai.jsonl.part", at_record=100)

    def test_a_saved_output_of_several(self):
        self.fill_up("branches", "out/questions.jsonl.part", at_record=100)

    def test_state(self):
        self.fill_up("rare", "rare-openai/state.db", at_record=100, said="full")

    def test_replies(self):
        self.fill_up("rare", ".rare/replies.db", at_record=100, said="full", lost=CALLS_LOST)

    def test_whole_set(self):
        self.fill_up("whole_set", "gather/distinct.rows", at_record=100)

    def test_dead_letters(self):
        self.fill_up("branches", "dead_letters.jsonl.tmp")

    def test_manifest(self):
        self.fill_up("rare", "manifest.json.tmp")


class SmallDiskTest(FaultsTest):
    """The same on a file system of its own that is really full."""

    def undisturbed_and_on_disk(self, pipeline, mebibytes):
        """An undisturbed run elsewhere; from then on the folder is on a disk of this size."""
        disk = self.folder
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", disk],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"NOT TESTED: no small disk can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk], check=False)
        self.folder = disk.parent / "elsewhere"
        whole, calls, _ = self.undisturbed(pipeline, RECORDS)
        self.folder = disk / "run"
        return disk, whole, calls

    def test_replies_of_calls_in_flight_go_to_room_that_was_held_back(self):
        pipeline = PIPELINES_UNDER_FAULTS["rare"]
        disk, whole, calls = self.undisturbed_and_on_disk(pipeline, 64)
        pipeline.lay_out(self.folder, RECORDS)
        filler = disk / "filler"
        with ProtocolServer(*pipeline.server) as server:
            self.use_endpoint(server)
            process = self.start(*pipeline.command)
            wait_until(lambda: server.stats()["calls"] >= 100)
            self.assertIsNone(process.poll())
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while process.poll() is None:
                    file.write(bytes(65536))
                    file.flush()
            _, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 4, error)
            self.assertIn(ROOM, error)
            filler.unlink()
            self.assert_exit(self.run_engine(*pipeline.command), 0)
            self.assertEqual(answered(server.stats()), calls)
        self.check_whole(pipeline, whole)

    def test_all_of_a_run_on_a_disk_that_is_too_small(self):
        pipeline = PIPELINES_UNDER_FAULTS["rare"]
        disk, whole, calls = self.undisturbed_and_on_disk(pipeline, 2)
        pipeline.lay_out(self.folder, RECORDS)
        with ProtocolServer(*pipeline.server) as server:
            self.use_endpoint(server)
            process = self.run_engine(*pipeline.command)
            self.assert_exit(process, 4)
            self.assertIn(ROOM, process.stderr)
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            self.assert_exit(self.run_engine(*pipeline.command), 0)
            self.assertLessEqual(answered(server.stats()), calls + CALLS_LOST)
        self.check_whole(pipeline, whole)


if __name__ == "__main__":
    unittest.main()
