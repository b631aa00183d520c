"""A cluster of Slurm on this machine: a controller and nodes that are daemons of their own, each with its own temporary folder."""

import atexit
import getpass
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from scaled_run import processes, variable

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "squeue")
STARTS_S = 120
LOST_AFTER_S = 10  # a node that has not answered for so long is down


def need_slurm():
    missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
    if missing:
        raise unittest.SkipTest(f"Slurm cannot be had here: there is no {' and no '.join(missing)}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class SlurmCluster:
    def __init__(self, nodes=2, processors=4):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rare-slurm-", dir="/tmp"))  # sockets allow no long path
        self.nodes, self.daemons = [f"n{number + 1}" for number in range(nodes)], {}
        atexit.register(self.close)
        self.environment = dict(os.environ, PATH=PATH, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.configure(processors)
        self.start("munged", "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", f"--key-file={self.folder}/munge.key",
                   f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge.seed", f"--log-file={self.folder}/munged.log")
        self.wait_until((self.folder / "munge.socket").exists, "munged made no socket")
        self.start("slurmctld", "slurmctld", "-D")
        for node in self.nodes:
            self.start_node(node)
        self.wait_until(lambda: [self.state(node) for node in self.nodes] == ["idle"] * nodes, "not all nodes are idle")

    def configure(self, processors):
        (self.folder / "munge.key").write_bytes(secrets.token_bytes(1024))
        (self.folder / "munge.key").chmod(0o400)
        for node in self.nodes:
            (self.folder / f"temporary-{node}").mkdir()
        # Runs before each job; what it prints is the job's environment, so each node has a disk of its own.
        prolog = self.folder / "prolog.sh"
        prolog.write_text(f'#!/bin/sh\necho "export TMPDIR={self.folder}/temporary-$SLURMD_NODENAME"\n')
        prolog.chmod(0o755)
        control, *ports = free_ports(1 + len(self.nodes))
        host = socket.gethostname().split(".")[0]
        lines = [
            "ClusterName=scaled", f"SlurmctldHost={host}(127.0.0.1)", f"SlurmctldPort={control}",
            f"SlurmUser={getpass.getuser()}", f"SlurmdUser={getpass.getuser()}",
            # A job that is begun again waits until the credential of its last start has expired.
            "AuthType=auth/munge", "CredType=cred/munge", f"AuthInfo=socket={self.folder}/munge.socket,cred_expire=5",
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "JobAcctGatherType=jobacct_gather/none",
            "AccountingStorageType=accounting_storage/none", "MpiDefault=none", "SwitchType=switch/none",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU", "SchedulerParameters=sched_interval=1,bf_interval=1",
            "SlurmdParameters=config_overrides", f"SlurmdTimeout={LOST_AFTER_S}", "ReturnToService=2", "KillWait=2",
            f"TaskProlog={prolog}", f"StateSaveLocation={self.folder}/state", f"SlurmdSpoolDir={self.folder}/spool-%n",
            f"SlurmctldPidFile={self.folder}/slurmctld.pid", f"SlurmdPidFile={self.folder}/slurmd-%n.pid",
            f"SlurmctldLogFile={self.folder}/slurmctld.log", f"SlurmdLogFile={self.folder}/slurmd-%n.log",
            # Memory is what slurm.sbatch asks for, whatever this machine has: nothing here takes as much.
            *(f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={processors} RealMemory=65536"
              for node, port in zip(self.nodes, ports)),
            f"PartitionName=all Nodes={','.join(self.nodes)} Default=YES MaxTime=INFINITE State=UP"]
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")

    def start(self, name, program, *options):
        with open(self.folder / f"{name}.out", "ab") as log:
            # Not even a test that is killed leaves it behind.
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=self.environment, cwd=self.folder, start_new_session=True)

    def start_node(self, node):
        self.start(node, "slurmd", "-D", "-N", node, "-f", self.folder / "slurm.conf")

    def ask(self, *command, cwd=None):
        """What a program of Slurm prints."""
        done = subprocess.run([str(word) for word in command], cwd=cwd, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=STARTS_S, check=False)
        return done.stdout.strip() if done.returncode == 0 else f"{command}: {done.stdout}{done.stderr}"

    def state(self, node):
        return self.ask("sinfo", "--noheader", "--nodes", node, "--format", "%T")

    def wait_until(self, condition, otherwise, hang_s=STARTS_S):
        end = time.monotonic() + hang_s
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-3000:]}" for log in sorted(self.folder.glob("*.log")))
                raise TimeoutError(f"{otherwise}\n{self.ask('sinfo', '--long', '--Node')}\n{self.ask('squeue')}\n{logs}")
            time.sleep(0.2)

    def is_idle(self):
        """Whether no job is left, waiting or running."""
        return not self.ask("squeue", "--noheader")

    def take_down(self, node):
        """Its daemon and those of its jobs, as a machine that loses power."""
        jobs = {parent for pid, parent, _ in processes() if variable(pid, "SLURMD_NODENAME") == node and parent != 1}
        self.daemons[node].kill()
        self.daemons[node].wait()
        for job in jobs:
            try:
                os.kill(job, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self):
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        # The daemons of jobs and the jobs are nobody's children then; they work in the folder, or know it.
        for pid, _, _ in processes():
            try:
                works_in = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                works_in = ""
            if variable(pid, "SLURM_CONF") == self.environment["SLURM_CONF"] or works_in.startswith(str(self.folder)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)
