"""A cluster of Ray on this machine: a head without processors, and nodes at addresses of the loopback of their own."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from scaled_run import processes

PACKAGES = os.environ.get("RARE_RAY_PEERS")
SOURCE = pathlib.Path(os.environ["RARE_TEST_SOURCE"])
STARTS_S = 120


def need_ray():
    if not PACKAGES:
        raise unittest.SkipTest("Ray cannot be had here: there is no wheel of .ci/ray_peers.txt for this Python, or no PyPI")


def environment():
    """Of every process of Ray, and of those that use it."""
    return dict(os.environ, PYTHONPATH=f"{PACKAGES}:{SOURCE / 'sdk/python'}", RAY_AUTH_MODE="disabled", RAY_USAGE_STATS_ENABLED="0",
                RAY_raylet_start_wait_time_s="300",
                # A node that stands still is missed in half a minute. Of itself Ray takes seven.
                RAY_health_check_timeout_ms="4000", RAY_health_check_period_ms="1000",
                RAY_grpc_client_keepalive_time_ms="10000", RAY_grpc_client_keepalive_timeout_ms="20000",
                PYTHONDONTWRITEBYTECODE="1")


class RayCluster:
    def __init__(self, nodes=2, processors=2):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rare-ray-", dir="/tmp"))  # sockets allow no long path
        with socket.socket() as free:
            free.bind(("127.0.0.2", 0))
            port = free.getsockname()[1]
        self.address, self.started = f"127.0.0.2:{port}", []
        self.start("head", "--head", f"--port={port}", "--node-ip-address=127.0.0.2", "--num-cpus=0", "--include-dashboard=false",
                   f"--temp-dir={self.folder}/head")
        self.wait_for(1)
        for number in range(nodes):  # one after the other: they share a folder, and names in it
            self.start(f"node{number}", f"--address={self.address}", f"--node-ip-address={self.ip(number)}", f"--num-cpus={processors}")
            self.wait_for(2 + number)

    # 127.0.0.1 stands for the machine's own address in Ray.
    @staticmethod
    def ip(number):
        return f"127.0.0.{number + 3}"

    def start(self, name, *options):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.started.append(subprocess.Popen(
                [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block", "--disable-usage-stats",
                 "--object-store-memory=100000000", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment(), start_new_session=True))

    def wait_for(self, nodes):
        code = ("import sys, ray; ray.init(sys.argv[1], log_to_driver=False, logging_level='error'); "
                "print(sum(n['Alive'] for n in ray.nodes()))")
        end = time.monotonic() + STARTS_S
        while True:
            asked = subprocess.run([sys.executable, "-c", code, self.address], env=environment(), capture_output=True, text=True,
                                   timeout=STARTS_S, check=False)
            if asked.stdout.strip() == str(nodes):
                return
            if time.monotonic() > end:
                logs = "\n".join(log.read_text(errors="replace")[-3000:] for log in self.folder.glob("*.log"))
                raise TimeoutError(f"the cluster has not {nodes} nodes: {asked.stdout}{asked.stderr}\n{logs}")
            time.sleep(1)

    def raylet(self, number):
        """The process that is a node."""
        for pid, _, words in processes():
            if words[0].endswith("/raylet/raylet") and f"--node_ip_address={self.ip(number)}" in words:
                return pid
        raise LookupError(f"node {number} has no raylet")

    def close(self):
        for process in reversed(self.started):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in self.started:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        # What was started by what was killed is nobody's child any more; it names the folder or the head.
        for pid, _, words in processes():
            if any(str(self.folder) in word or self.address in word for word in words) and pid != os.getpid():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)
