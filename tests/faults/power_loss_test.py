"""Loss of power at any moment: of what was not synced all is gone, or any part of it is."""

import os
import random
import subprocess
import sys
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered, fault_seed
from harness import HANG_S, ProtocolServer, wait_until
from power_loss import Disk, rules_file

LOSSES = int(os.environ.get("RARE_FAULTS_LOSSES", "9"))
RECORDS = int(os.environ.get("RARE_FAULTS_RECORDS", "400"))
LOSSES_OF_ONE_RUN = 6
NAMES = ["rare", "branches", "whole_set"]


class PowerLossTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.disk = Disk(self.folder, self.folder.parent / "journal")

    def lose_power(self, chance):
        """Nothing is kept, or a part of it; or the machine stays up and only the process is gone."""
        kind = chance.choice(["all", "part", "part", "none"])
        if kind == "none":
            self.disk.stay_on()
            return 0
        return self.disk.lose_power(chance if kind == "part" else None)

    def start_and_lose(self, pipeline, seconds, chance):
        process = self.start(*pipeline.command)
        try:
            out, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=HANG_S)
            return self.lose_power(chance)
        self.assertEqual(process.returncode, 0, out + error)
        return None

    def one_run(self, pipeline, whole, calls, seconds, chance, wanted):
        self.lay_out(pipeline, RECORDS)
        self.disk.forget()
        losses = changes = 0
        with ProtocolServer(*pipeline.server) as server:
            self.use_endpoint(server)
            while losses < wanted:
                left = seconds * (1 - 0.8 * min(1, answered(server.stats()) / calls))
                lost = self.start_and_lose(pipeline, chance.uniform(0, 1.1 * left), chance)
                if lost is None:
                    break
                losses += 1
                changes += lost
            process = self.run_engine(*pipeline.command)
            self.assert_exit(process, 0)
            self.assertLessEqual(answered(server.stats()), calls + losses * CALLS_LOST)
        # What a run has called complete is on disk.
        self.lose_power(chance)
        self.check_whole(pipeline, whole)
        return losses, changes

    def lose_again_and_again(self, name):
        pipeline = PIPELINES_UNDER_FAULTS[name]
        chance = random.Random(f"{fault_seed()} {name}")
        self.environment.update(self.disk.environment())
        whole, calls, seconds = self.undisturbed(pipeline, RECORDS)
        losses = changes = runs = 0
        while losses < max(1, LOSSES // len(NAMES)):
            runs += 1
            most = min(LOSSES_OF_ONE_RUN, LOSSES // len(NAMES) - losses)
            of_run = self.one_run(pipeline, whole, calls, seconds, chance, most)
            losses += of_run[0]
            changes += of_run[1]
        print(f"{name}: {losses} losses of power in {runs} runs of {seconds:.1f} s; "
              f"{changes} changes were not synced")

    def test_rare(self):
        self.lose_again_and_again("rare")

    def test_branches(self):
        self.lose_again_and_again("branches")

    def test_whole_set(self):
        self.lose_again_and_again("whole_set")


class LyingDiskTest(FaultsTest):
    """What a disk said to be safe is lost all the same: that is seen, and what was paid is still there."""

    def setUp(self):
        super().setUp()
        self.disk = Disk(self.folder, self.folder.parent / "journal")
        self.pipeline = PIPELINES_UNDER_FAULTS["rare"]

    def lose_what_was_said_to_be_safe(self, text):
        whole, calls, _ = self.undisturbed(self.pipeline, RECORDS)
        self.lay_out(self.pipeline, RECORDS)
        self.environment.update(self.disk.environment())
        rules_file(self.folder).write_text(f"lie {text}\n")
        server = ProtocolServer("--latency-ms", 50)
        self.addCleanup(server.close)
        self.use_endpoint(server)
        process = self.start(*self.pipeline.command)
        wait_until(lambda: process.poll() is not None or self.committed(self.pipeline) > 0)
        process.kill()
        _, error = process.communicate(timeout=HANG_S)
        self.assertGreater(self.disk.lose_power(), 0, error)
        rules_file(self.folder).unlink()
        return whole, calls, server

    def test_a_lost_output_is_refused_and_made_again_without_paying(self):
        whole, calls, server = self.lose_what_was_said_to_be_safe(".part")
        process = self.run_engine(*self.pipeline.command)
        self.assert_exit(process, 2)
        self.assertIn("out/rare-openai.jsonl.part", process.stderr)
        self.assertIn("--fresh", process.stderr)
        self.assert_exit(self.run_engine(*self.pipeline.command, "--fresh"), 0)
        self.assertLessEqual(answered(server.stats()), calls + CALLS_LOST)
        self.check_whole(self.pipeline, whole)

    def test_a_lost_state_is_begun_again_without_paying(self):
        whole, calls, server = self.lose_what_was_said_to_be_safe("state.db")
        process = self.run_engine(*self.pipeline.command)
        if process.returncode != 0:
            self.assert_exit(process, 2)
            self.assertIn("state.db", process.stderr)
            self.assertIn("--fresh", process.stderr)
            self.assert_exit(self.run_engine(*self.pipeline.command, "--fresh"), 0)
        self.assertLessEqual(answered(server.stats()), calls + CALLS_LOST)
        self.check_whole(self.pipeline, whole)


class DiskTest(FaultsTest):
    """The disk of these tests itself."""

    def setUp(self):
        super().setUp()
        self.folder.mkdir()
        self.disk = Disk(self.folder, self.folder.parent / "journal")
        for name in ("old", "other"):
            (self.folder / name).write_text("0123456789")

    def do(self, code):
        subprocess.run([sys.executable, "-c", "import os\n" + code], check=True, cwd=self.folder,
                       env=dict(os.environ, **self.disk.environment()))

    def files(self):
        return {path.name: path.read_text() for path in self.folder.iterdir() if path.is_file()}

    def test_what_was_not_synced_is_lost(self):
        self.do("""
old = os.open("old", os.O_RDWR)
os.pwrite(old, b"abc", 2)
os.fsync(old)
os.pwrite(old, b"def", 3)
os.pwrite(old, b"beyond", 20)
os.ftruncate(old, 4)
new = os.open("new", os.O_WRONLY | os.O_CREAT)
os.write(new, b"synced, but its name is not")
os.fsync(new)
os.rename("other", "renamed")
os.mkdir("folder")
os.close(os.open("old", os.O_WRONLY | os.O_TRUNC))
os.unlink("old")
""")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["folder", "new", "renamed"])
        self.disk.lose_power()
        self.assertEqual(self.files(), {"old": "01abc56789", "other": "0123456789"})

    def test_what_was_synced_stays(self):
        self.do("""
new = os.open("new", os.O_WRONLY | os.O_CREAT)
os.write(new, b"whole")
os.fdatasync(new)
os.rename("new", "old")
os.unlink("other")
os.fsync(os.open(".", os.O_RDONLY))
os.write(new, b"more")
""")
        self.assertEqual(self.files(), {"old": "wholemore"})
        self.disk.lose_power()
        self.assertEqual(self.files(), {"old": "whole"})

    def test_a_part_may_stay(self):
        seen = set()
        for seed in range(40):
            self.do("file = os.open('old', os.O_RDWR); os.pwrite(file, b'A' * 4096, 0); os.pwrite(file, b'B', 5000)")
            self.disk.lose_power(random.Random(seed))
            seen.add((self.folder / "old").read_bytes())
            (self.folder / "old").write_text("0123456789")
        first, second = b"A" * 4096, bytes(904) + b"B"
        self.assertEqual(seen, {b"0123456789", first, first + second,
                                b"0123456789" + bytes(4086) + second})


if __name__ == "__main__":
    unittest.main()
