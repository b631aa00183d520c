"""SIGKILL at any moment, again and again: the run that is started once more ends as if nothing had happened."""

import contextlib
import os
import random
import sqlite3
import subprocess
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered, fault_seed
from harness import HANG_S, ProtocolServer

KILLS = int(os.environ.get("RARE_FAULTS_KILLS", "8"))
RECORDS = int(os.environ.get("RARE_FAULTS_RECORDS", "600"))
# Of one run; then it may end in peace.
KILLS_OF_ONE_RUN = 8


class KillTest(FaultsTest):
    def start_and_kill(self, pipeline, seconds):
        """Whether it was killed; a run that ends before that has to end well."""
        process = self.start(*pipeline.command)
        try:
            out, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=HANG_S)
            return True
        self.assertEqual(process.returncode, 0, out + error)
        return False

    def one_run(self, pipeline, whole, calls, seconds, chance, wanted):
        """A run that is killed up to `wanted` times and then ends; how often it was."""
        self.lay_out(pipeline, RECORDS)
        kills = 0
        with ProtocolServer(*pipeline.server) as server:
            self.use_endpoint(server)
            while kills < wanted:
                # Starting and closing are a part of each start, however little is left to be asked.
                left = seconds * (1 - 0.8 * min(1, answered(server.stats()) / calls))
                if not self.start_and_kill(pipeline, chance.uniform(0, 1.1 * left)):
                    break
                kills += 1
            self.assert_exit(self.run_engine(*pipeline.command), 0)
            self.assertLessEqual(answered(server.stats()), calls + kills * CALLS_LOST)
            self.assertGreaterEqual(answered(server.stats()), calls)
        self.check_whole(pipeline, whole)
        self.check_account(pipeline)
        again = self.run_engine(*pipeline.command)
        self.assert_exit(again, 0)
        self.assertIn("complete, ", again.stdout)
        return kills

    def check_account(self, pipeline):
        """Each reply that is stored is counted once, with its tokens, whenever the process died."""
        teacher = pipeline.manifest(self.folder)["services"]["teacher"]
        with contextlib.closing(sqlite3.connect(self.folder / ".rare/replies.db")) as database:
            stored = database.execute("SELECT count(*), sum(prompt_tokens), sum(completion_tokens)"
                                      " FROM replies").fetchone()
        self.assertEqual((teacher["replies"], teacher["prompt_tokens"], teacher["completion_tokens"]),
                         stored)
        for count in ("replies", "prompt_tokens", "completion_tokens"):
            self.assertEqual(sum(node[count] for node in teacher["by_node"].values()), teacher[count])

    def kill_again_and_again(self, name):
        pipeline = PIPELINES_UNDER_FAULTS[name]
        chance = random.Random(f"{fault_seed()} {name}")
        whole, calls, seconds = self.undisturbed(pipeline, RECORDS)
        wanted = max(1, KILLS // len(PIPELINES_UNDER_FAULTS))
        kills = runs = 0
        while kills < wanted:
            runs += 1
            most = min(KILLS_OF_ONE_RUN, wanted - kills)
            kills += self.one_run(pipeline, whole, calls, seconds, chance, most)
        print(f"{name}: {kills} kills in {runs} runs of {seconds:.1f} s")

    def test_rare(self):
        self.kill_again_and_again("rare")

    def test_branches(self):
        self.kill_again_and_again("branches")

    def test_whole_set(self):
        self.kill_again_and_again("whole_set")

    def test_bad_endpoint(self):
        self.kill_again_and_again("bad_endpoint")


if __name__ == "__main__":
    unittest.main()
