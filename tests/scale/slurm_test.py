"""Shards on Slurm, sent as the documentation says: whatever is killed, the output is that of one machine, and nothing is paid for twice but
what was in flight."""

import os
import signal
import unittest

from harness import BUILD, HANG_S, SOURCE, wait_until
from scaled_run import IN_FLIGHT, SHARDS, STEPS, ScaledRun, variable
from slurm_cluster import SlurmCluster, need_slurm

cluster = None


def setUpModule():
    global cluster
    need_slurm()
    cluster = SlurmCluster()
    unittest.addModuleCleanup(cluster.close)


class SlurmTest(ScaledRun):
    records = 1600

    def setUp(self):
        super().setUp()
        script = (SOURCE / "docs/deploy/slurm.sbatch").read_text()
        for documented, here in (("/shared/run", self.folder), ("/shared/out", self.folder / "shared"),
                                 ("--array=0-255%64", f"--array=0-{SHARDS - 1}%64"), ("auto/256", f"auto/{SHARDS}")):
            self.assertIn(documented, script)
            script = script.replace(documented, str(here))
        self.write("slurm.sbatch", script)

    def submit(self):
        # Of the environment of this test only what a user would have: no folder for temporary files.
        variables = {name: self.environment[name] for name in ("HOME", "RARE_LLM_URL", "RARE_LLM_MODEL")}
        said = cluster.ask("env", "-i", f"PATH={BUILD}/bin:{cluster.environment['PATH']}", f"SLURM_CONF={cluster.environment['SLURM_CONF']}",
                           *(f"{name}={value}" for name, value in variables.items()), "sbatch", "slurm.sbatch", cwd=self.folder)
        self.assertRegex(said, "^Submitted batch job [0-9]+$")
        self.job = said.split()[-1]

    def said(self):
        """What the shards of the newest submission wrote, by shard."""
        return {int(log.stem.rsplit("_", 1)[1]): log.read_text(errors="replace") for log in self.folder.glob(f"slurm-{self.job}_*.out")}

    def end_of_jobs(self):
        cluster.wait_until(cluster.is_idle, f"the jobs did not end: {self.said()}", HANG_S)

    def ended(self):
        return self.said() if cluster.is_idle() else None

    def engines_of(self, node):
        """(pid, the daemon of its job) of each."""
        return [(pid, parent) for pid, parent in self.engines() if variable(pid, "SLURMD_NODENAME") == node]

    def finish(self):
        done = self.run_engine("finish", "shared")
        self.assert_exit(done, 0)
        return done.stdout

    def complete(self):
        """That nothing is left: a submission of a complete run asks nothing, and changes nothing."""
        calls, stamp = self.calls(), self.stamp()
        self.submit()
        self.end_of_jobs()
        said = self.said()
        self.assertEqual(sorted(said), list(range(SHARDS)))
        for shard, text in said.items():
            self.assertIn(f"shard {shard} of {SHARDS} is complete", text)
        self.finish()
        self.assertEqual((self.calls(), self.stamp()), (calls, stamp))

    def test_an_engine_is_killed_and_a_node_is_lost(self):
        self.submit()
        self.progress_beyond(self.records * STEPS // 8, self.ended)
        os.kill(self.engines()[0][0], signal.SIGKILL)
        wait_until(lambda: self.engines_of("n2") or cluster.is_idle())
        lost = [pid for pid, _ in self.engines_of("n2")]
        self.assertTrue(lost)
        cluster.take_down("n2")
        self.assert_gone(lost)
        cluster.wait_until(lambda: cluster.state("n2").startswith("down"), "the node was not missed")
        cluster.start_node("n2")
        self.end_of_jobs()
        missing = self.run_engine("finish", "shared")  # Slurm begins no job again whose process was killed
        self.assert_exit(missing, 4)
        self.assertIn(f"1 of {SHARDS} are missing: ", missing.stderr, self.said())
        self.assertIn("missing: ", self.run_engine("status", "shared").stdout)
        self.submit()
        self.end_of_jobs()
        self.assertNotIn("missing", self.run_engine("status", "shared").stdout)
        self.assertIn(f"ledger: {self.records} read = {self.records} written", self.finish())
        self.check_output((1 + len(lost)) * IN_FLIGHT)
        self.complete()


class FrozenNodeTest(SlurmTest):
    records = 480
    test_an_engine_is_killed_and_a_node_is_lost = None

    def test_a_node_stands_still_and_goes_on(self):
        """Its jobs are begun again elsewhere; when it goes on they are complete, and its engines change nothing."""
        self.submit()
        wait_until(lambda: len(self.engines_of("n2")) == 2 and self.calls() >= SHARDS or cluster.is_idle())
        engines, jobs = zip(*self.engines_of("n2"))
        self.stand_still([cluster.daemons["n2"].pid, *jobs, *engines])
        cluster.wait_until(lambda: cluster.state("n2").startswith("down"), "the node was not missed")
        self.end_of_jobs()
        inner = self.folder / "shared/_rare"
        committed = {part.name: part.read_bytes() for part in inner.glob("part-*.json")}
        self.assertEqual(len(committed), SHARDS)
        self.go_on(engines)  # first they alone, so that nobody ends them
        self.assert_gone(engines)
        self.assertEqual(sum("another attempt was committed before" in text for text in self.said().values()), len(engines))
        self.assertEqual({part.name: part.read_bytes() for part in inner.glob("part-*.json")}, committed)
        self.go_on(jobs)
        cluster.take_down("n2")
        cluster.start_node("n2")
        cluster.wait_until(lambda: cluster.state("n2") == "idle", "the node did not come back")
        self.finish()
        each = -(-self.records // SHARDS) * STEPS * 9 // 8  # parts have equally many records, give or take an eighth
        self.check_output(len(engines) * (each + IN_FLIGHT))
        self.complete()


if __name__ == "__main__":
    unittest.main()
