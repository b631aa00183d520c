"""Shards on Ray: whatever is killed, the output is that of one machine, and nothing is paid for twice but what was in flight."""

import json
import os
import signal
import subprocess
import sys
import unittest

from harness import ENGINE, HANG_S, wait_until
from ray_cluster import RayCluster, environment, need_ray
from scaled_run import IN_FLIGHT, SHARDS, STEPS, ScaledRun, processes

RECORDS = int(os.environ.get("RARE_SCALE_RECORDS", 4000))
DRIVER = """
import json, sys
import ray, rare_engine.ray
address, engine, variables = sys.argv[1:4]
ray.init(address, log_to_driver=False)
sys.exit(rare_engine.ray.run("rare.yaml", out="shared", shards=%d, cpus_per_shard=1, engine=engine, environment=json.loads(variables)))
""" % SHARDS


class RayTest(ScaledRun):
    records = RECORDS

    @classmethod
    def setUpClass(cls):
        need_ray()
        cls.cluster = RayCluster()
        cls.addClassCleanup(cls.cluster.close)

    def drive(self):
        variables = {name: self.environment[name] for name in ("RARE_LLM_URL", "RARE_LLM_MODEL")}
        return subprocess.Popen([sys.executable, "-c", DRIVER, self.cluster.address, ENGINE, json.dumps(variables)], cwd=self.folder,
                                env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end_of(self, driver):
        said, _ = driver.communicate(timeout=HANG_S)
        self.assertEqual(driver.returncode, 0, said)

    @staticmethod
    def ended(driver):
        return None if driver.poll() is None else driver.communicate()[0]

    def test_engine_worker_and_node_are_killed(self):
        driver = self.drive()
        self.progress_beyond(RECORDS * STEPS // 8, lambda: self.ended(driver))
        os.kill(self.engines()[0][0], signal.SIGKILL)
        killed = 1
        self.progress_beyond(RECORDS * STEPS // 4, lambda: self.ended(driver))
        killed += self.kill(self.engines()[0][1])
        self.progress_beyond(RECORDS * STEPS // 2, lambda: self.ended(driver))
        of_node = self.engines_below(self.cluster.raylet(1))
        os.kill(self.cluster.raylet(1), signal.SIGKILL)
        self.assert_gone(of_node)
        self.cluster.start("again", f"--address={self.cluster.address}", f"--node-ip-address={self.cluster.ip(1)}", "--num-cpus=2")
        self.end_of(driver)
        self.check_output((killed + len(of_node)) * IN_FLIGHT)
        calls, stamp = self.calls(), self.stamp()
        self.end_of(self.drive())
        self.assertEqual((self.calls(), self.stamp()), (calls, stamp))

    def engines_below(self, raylet):
        workers = {pid for pid, parent, _ in processes() if parent == raylet}
        return [engine for engine, parent in self.engines() if parent in workers]

    def test_the_driver_is_killed_at_half_and_begun_again(self):
        driver = self.drive()
        self.progress_beyond(RECORDS * STEPS // 2, lambda: self.ended(driver))
        killed = len(self.engines())
        driver.kill()
        driver.communicate(timeout=HANG_S)
        wait_until(lambda: not self.engines())  # Ray ends what nobody waits for
        self.end_of(self.drive())
        self.check_output(killed * IN_FLIGHT)


if __name__ == "__main__":
    unittest.main()
