"""A changed bit in the state of a killed run: noticed, or without any effect; never a wrong output."""

import os
import random
import shutil
import unittest

from faulty_pipelines import PIPELINES_UNDER_FAULTS, FaultsTest, answered, fault_seed
from harness import HANG_S, ProtocolServer, copy_folder, wait_until

FLIPS = int(os.environ.get("RARE_FAULTS_FLIPS", "12"))
RECORDS = 400
REFUSALS = ("is damaged (", "lost the newest ", "is a database of another program",
            "was written by a newer rare-engine", "was written by an older rare-engine",
            "the offset kept by the earlier start", "expected the ", "cannot be understood",
            "began with other settings", "changed since the run")


class DamageTest(FaultsTest):
    def killed_run(self, pipeline, server):
        self.lay_out(pipeline, RECORDS)
        self.use_endpoint(server)
        process = self.start(*pipeline.command)
        # Past some checkpoints, so that the log holds many transactions.
        wait_until(lambda: self.committed(pipeline) > RECORDS // 3 or process.poll() is not None)
        self.assertIsNone(process.poll())
        process.kill()
        process.communicate(timeout=HANG_S)
        shutil.rmtree(self.folder.with_suffix(".killed"), ignore_errors=True)
        self.folder.rename(self.folder.with_suffix(".killed"))

    def put_back(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        copy_folder(self.folder.with_suffix(".killed"), self.folder)

    def flip(self, file, chance):
        damaged = bytearray(file.read_bytes())
        bit = chance.randrange(8 * len(damaged))
        damaged[bit // 8] ^= 1 << (bit % 8)
        file.write_bytes(damaged)
        return f"bit {bit} of {file.name}"

    def check_damaged(self, pipeline, whole, what):
        """Whether it was noticed."""
        process = self.run_engine(*pipeline.command)
        if process.returncode == 0:
            self.check_whole(pipeline, whole)
            return False
        self.assertEqual(process.returncode, 2, f"{what}: {process.stderr}")
        self.assertTrue(any(words in process.stderr for words in REFUSALS), f"{what}: {process.stderr}")
        self.assertTrue(any(words in process.stderr for words in ("--fresh", "remove ", "--state-dir")),
                        f"{what}: {process.stderr}")
        self.assert_exit(self.run_engine(*pipeline.command, "--fresh"), 0)
        self.check_whole(pipeline, whole)
        return True

    def test_a_bit_of_the_state(self):
        pipeline = PIPELINES_UNDER_FAULTS["rare"]
        chance = random.Random(f"{fault_seed()} damage")
        whole, calls, _ = self.undisturbed(pipeline, RECORDS)
        noticed = 0
        with ProtocolServer(*pipeline.server) as server:
            self.killed_run(pipeline, server)
            for number in range(FLIPS):
                self.put_back()
                state = self.folder / ".rare" / pipeline.name
                file = state / ("state.db-wal" if number % 2 else "state.db")
                noticed += self.check_damaged(pipeline, whole, self.flip(file, chance))
            # Each round begins with the same stored replies and asks for the rest.
            self.assertLessEqual(answered(server.stats()), calls * (FLIPS + 1))
        print(f"{noticed} of {FLIPS} changed bits were noticed, the others changed nothing")

    def test_a_log_that_is_gone(self):
        pipeline = PIPELINES_UNDER_FAULTS["rare"]
        whole, _, _ = self.undisturbed(pipeline, RECORDS)
        with ProtocolServer(*pipeline.server) as server:
            self.killed_run(pipeline, server)
            self.put_back()
            state = self.folder / ".rare" / pipeline.name
            (state / "state.db-wal").unlink()
            process = self.run_engine(*pipeline.command)
            self.assert_exit(process, 2)
            # What the message says to do, done.
            self.assertIn(f"remove .rare/{pipeline.name}/state.db-commits", process.stderr)
            (state / "state.db-commits").unlink()
            again = self.run_engine(*pipeline.command)
            self.assertIn(again.returncode, (0, 2), again.stderr)
            if again.returncode == 2:  # nothing had reached the file itself
                self.assert_exit(self.run_engine(*pipeline.command, "--fresh"), 0)
        self.check_whole(pipeline, whole)


if __name__ == "__main__":
    unittest.main()
