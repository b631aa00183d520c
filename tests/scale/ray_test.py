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


cluster = None


def setUpModule():
    global cluster
    need_ray()
    cluster = RayCluster()
    unittest.addModuleCleanup(cluster.close)


class RayTest(ScaledRun):
    records = RECORDS

    def drive(self):
        variables = {name: self.environment[name] for name in ("RARE_LLM_URL", "RARE_LLM_MODEL")}
        return subprocess.Popen([sys.executable, "-c", DRIVER, cluster.address, ENGINE, json.dumps(variables)], cwd=self.folder,
                                env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end_of(self, driver):
        said, _ = driver.communicate(timeout=HANG_S)
        self.assertEqual(driver.returncode, 0, said)

    @staticmethod
    def ended(driver):
        return None if driver.poll() is None else driver.communicate()[0]

    @staticmethod
    def workers_below(raylet):
        return {pid for pid, parent, _ in processes() if parent == raylet}

    def engines_below(self, raylet):
        workers = self.workers_below(raylet)
        return [engine for engine, parent in self.engines() if parent in workers]

    @staticmethod
    def start_node_again(name):
        cluster.start(name, f"--address={cluster.address}", f"--node-ip-address={cluster.ip(1)}", "--num-cpus=2")

    def test_engine_worker_and_node_are_killed(self):
        driver = self.drive()
        self.progress_beyond(RECORDS * STEPS // 8, lambda: self.ended(driver))
        os.kill(self.engines()[0][0], signal.SIGKILL)
        killed = 1
        self.progress_beyond(RECORDS * STEPS // 4, lambda: self.ended(driver))
        killed += self.kill(self.engines()[0][1])
        self.progress_beyond(RECORDS * STEPS // 2, lambda: self.ended(driver))
        of_node = self.engines_below(cluster.raylet(1))
        os.kill(cluster.raylet(1), signal.SIGKILL)
        self.assert_gone(of_node)
        self.start_node_again("again")
        self.end_of(driver)
        self.check_output((killed + len(of_node)) * IN_FLIGHT)
        calls, stamp = self.calls(), self.stamp()
        self.end_of(self.drive())
        self.assertEqual((self.calls(), self.stamp()), (calls, stamp))

    def test_the_driver_is_killed_at_half_and_begun_again(self):
        driver = self.drive()
        self.progress_beyond(RECORDS * STEPS // 2, lambda: self.ended(driver))
        killed = len(self.engines())
        driver.kill()
        driver.communicate(timeout=HANG_S)
        wait_until(lambda: not self.engines())  # Ray ends what nobody waits for
        self.end_of(self.drive())
        self.check_output(killed * IN_FLIGHT)


class FrozenNodeTest(RayTest):
    records = 480
    test_engine_worker_and_node_are_killed = test_the_driver_is_killed_at_half_and_begun_again = None

    def output(self):
        return {path.name: path.read_bytes() for path in [*(self.folder / "shared/rows").iterdir(), self.folder / "shared/_rare/manifest.json"]}

    def test_a_node_stands_still_and_goes_on(self):
        """Its shards are begun again elsewhere; when it goes on the run is finished, and its engines change nothing."""
        driver, raylet = self.drive(), cluster.raylet(1)
        wait_until(lambda: self.engines_below(raylet) and self.calls() >= SHARDS or driver.poll() is not None)
        of_node = [raylet, *self.workers_below(raylet)]
        engines = self.engines_below(raylet)
        self.assertTrue(engines, self.ended(driver))
        self.stand_still([*of_node, *engines])
        self.end_of(driver)
        self.check_output(len(engines) * IN_FLIGHT)
        output, stamp = self.output(), self.stamp()
        self.go_on(engines)  # first they alone, so that nobody ends them
        self.assert_gone(engines)
        self.assertEqual((self.output(), self.stamp()), (output, stamp))
        self.go_on(of_node)
        wait_until(lambda: raylet not in (pid for pid, _, words in processes() if words[0]))
        self.start_node_again("thawed")
        cluster.wait_for(3)


if __name__ == "__main__":
    unittest.main()
