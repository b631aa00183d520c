"""The time of day jumps by hours while a run is on its way: nothing waits for it."""

import email.utils
import time
import unittest

from faulty_pipelines import FaultsTest, PIPELINES_UNDER_FAULTS, answered
from harness import HANG_S, ProtocolServer, wait_until
from power_loss import faulty_environment, rules_file

RECORDS = 300
HOURS = 3600
PIPELINE = PIPELINES_UNDER_FAULTS["rare"]


class ClockTest(FaultsTest):
    def jump(self, *offsets_s):
        whole, calls, _ = self.undisturbed(PIPELINE, RECORDS)
        self.lay_out(PIPELINE, RECORDS)
        # Some calls are told to come again at a time of day: the endpoint's, which does not jump.
        soon = email.utils.formatdate(time.time() + 2, usegmt=True)
        rules = rules_file(self.folder)
        rules.write_text("clock 0\n")
        with ProtocolServer("--latency-ms", 50, "--fault-429", 5, "--retry-after", soon) as server:
            self.use_endpoint(server)
            self.environment.update(faulty_environment(self.folder))
            begin = time.monotonic()
            process = self.start(*PIPELINE.command)
            for part, offset_s in enumerate(offsets_s, 1):
                asked = calls * part / (len(offsets_s) + 1)
                wait_until(lambda: server.stats()["calls"] >= asked or process.poll() is not None)
                rules.write_text(f"clock {offset_s}\n")
            out, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 0, out + error)
            self.assertEqual(answered(server.stats()), calls)
        self.check_whole(PIPELINE, whole)
        # Neither slept through nor counted.
        self.assertLess(time.monotonic() - begin, HANG_S)
        self.assertLess(PIPELINE.manifest(self.folder)["elapsed_s"], HANG_S)
        self.assertGreaterEqual(PIPELINE.manifest(self.folder)["elapsed_s"], 0)

    def test_forward(self):
        self.jump(5 * HOURS)

    def test_back(self):
        self.jump(-5 * HOURS)

    def test_there_and_back_and_again(self):
        self.jump(30 * HOURS, -30 * HOURS, 0)


if __name__ == "__main__":
    unittest.main()
