"""The Debian packages that cpack makes, in a root that has nothing else: they bring what they need, run,
build a plugin, and leave nothing behind when they go. Needs root, debootstrap and the distribution's
packages."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["RARE_TEST_BUILD"])
HANG_S = 1500


class PackagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise RuntimeError("a root of its own can be made by root only: run this suite as root")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rare-packages-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run(["cpack", "-G", "DEB", "-B", cls.folder / "packages"], cwd=BUILD, check=True, timeout=HANG_S)
        cls.root = cls.folder / "root"
        release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if line)
        subprocess.run(["debootstrap", "--variant=minbase", release["VERSION_CODENAME"], cls.root], check=True,
                       timeout=HANG_S)
        for package in (cls.folder / "packages").glob("*.deb"):
            shutil.copy(package, cls.root / "tmp" / (package.name.split("_")[0] + ".deb"))

    def inside(self, script, cwd="/root"):
        """What a shell in the root says; it ends with 0. Its mounts end with it."""
        words = ["unshare", "--mount", "sh", "-ec",
                 'mount -t proc proc "$0/proc"; exec chroot "$0" sh -ec "$1"', self.root, f"cd {cwd}\n{script}"]
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C", NO_COLOR="1", HOME="/root")
        done = subprocess.run([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, timeout=HANG_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}")
        return done.stdout

    def test_they_install_run_build_a_plugin_and_go(self):
        self.inside("apt-get -qq update; apt-get -qq -y --no-install-recommends install /tmp/rare-engine.deb")
        listed = json.loads(self.inside("rare-engine plugins --json"))
        self.assertEqual(listed["refused"], [])
        names = {plugin["name"] for plugin in listed["plugins"]}
        self.assertTrue({"basic", "bm25", "files", "llm", "rare"} <= names, names)
        self.inside("rare-engine run /usr/share/rare-engine/pipelines/basics.yaml --progress none")

        self.inside("apt-get -qq -y --no-install-recommends install /tmp/rare-engine-dev.deb g++ cmake make")
        said = self.inside("rare-engine new-plugin sentiment; cd sentiment; cmake -B build; cmake --build build;"
                           "ctest --test-dir build --no-tests=error --output-on-failure; cmake --install build --prefix /usr;"
                           "cd ..; rare-engine operators sentiment.score")
        self.assertIn("100% tests passed", said)
        self.assertIn("sentiment.score", said)
        # The headers are the package's alone.
        self.assertFalse((self.root / "usr/include/nlohmann").exists())

        self.inside("rm /usr/lib/rare/plugins/sentiment.so; apt-get -qq -y purge rare-engine rare-engine-dev")
        left = self.inside("find / -xdev -path /proc -prune -o -path /root -prune -o -path /tmp -prune -o -path /var -prune "
                           "-o -name '*rare[-_]engine*' -print -o -path '*/lib/rare*' -print -o -name '*RareSdk*' -print")
        self.assertEqual(left, "")


if __name__ == "__main__":
    unittest.main()
