"""Tests of several builds become one ctest run that counts them all and fails with any of them."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / ".ci" / "merge_tests.py"


class MergeTestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def build(self, kind, *tests):
        """A build folder with tests (name, shell command, labels)."""
        folder = self.root / "build" / kind
        folder.mkdir(parents=True)
        (folder / "CTestTestfile.cmake").write_text("".join(
            f'add_test({name} "/bin/sh" "-c" "{command}")\n'
            f'set_tests_properties({name} PROPERTIES LABELS "{labels}" ENVIRONMENT "WHERE={kind};B=2")\n'
            for name, command, labels in tests))

    def merge(self, *arguments):
        subprocess.run([sys.executable, SCRIPT, "build/test", *arguments], cwd=self.root, check=True)
        return subprocess.run(["ctest", "--test-dir", "build/test", "--no-tests=error"], cwd=self.root,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_one_summary_counts_the_tests_of_every_build(self):
        self.build("release", ("one", "test $WHERE$B = release2", "unit"), ("two", "false", "scale"))
        self.build("asan", ("one", "test $WHERE = asan", "unit"), ("tree", "false", "tree"))
        result = self.merge("--take", "release=^unit$", "--take", "asan=^unit$")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("100% tests passed, 0 tests failed out of 2", result.stdout)
        self.assertIn("asan/one", result.stdout)

    def test_only_tests_of_that_name_are_taken(self):
        self.build("release", ("read_one", "true", "unit"), ("write_one", "false", "unit"))
        result = self.merge("--take", "release=", "--named", "^read")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("100% tests passed, 0 tests failed out of 1", result.stdout)

    def test_a_failure_in_any_build_fails_the_run(self):
        self.build("release", ("one", "true", "unit"))
        self.build("tsan", ("one", "false", "unit;tsan"))
        result = self.merge("--take", "release=", "--take", "tsan=^tsan$")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("1 tests failed out of 2", result.stdout)

    def test_no_test_at_all_is_a_failure(self):
        self.build("release", ("one", "true", "unit"))
        self.assertNotEqual(self.merge("--take", "release=^scale$").returncode, 0)

    def test_names_of_labelled_tests_are_listed(self):
        self.build("tsan", ("one", "true", "unit;tsan"), ("two", "true", "unit"))
        listed = subprocess.run([sys.executable, SCRIPT, "--list", "build/tsan", "^tsan$"], cwd=self.root,
                                check=True, stdout=subprocess.PIPE, text=True)
        self.assertEqual(listed.stdout, "one\n")

    def test_names_that_match_are_listed(self):
        self.build("release", ("read_jsonl", "true", "unit"), ("read_csv", "true", "e2e"))
        for label, name, expected in (("", "csv|none", "read_csv\n"), ("unit", "read", "read_jsonl\n")):
            listed = subprocess.run([sys.executable, SCRIPT, "--list", "build/release", label, name],
                                    cwd=self.root, check=True, stdout=subprocess.PIPE, text=True)
            self.assertEqual(listed.stdout, expected)


if __name__ == "__main__":
    unittest.main()
