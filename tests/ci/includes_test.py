"""The check of includes finds what a file uses and does not bring, and nothing else."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".ci"))
import includes  # noqa: E402


class IncludesTest(unittest.TestCase):
    def breaches(self, **files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name).resolve()
        (root / "engine").mkdir()
        for name, text in files.items():
            (root / "engine" / name.replace("_", ".")).write_text(text)
        return list(includes.breaches(includes.Tree(root)))

    def test_a_missing_include_is_found(self):
        found = self.breaches(a_cc="#include <string>\n\nstd::string a;\nstd::vector<int> b;\n")
        self.assertEqual(found, ["engine/a.cc:4: std::vector< needs #include <vector>"])

    def test_headers_of_the_tree_bring_what_they_include(self):
        self.assertEqual(self.breaches(
            a_cc='#include "engine/b.h"\nstd::vector<int> a;\n', b_h='#include "c.h"\n',
            c_h="#include <vector>\n"), [])

    def test_comments_and_strings_use_nothing(self):
        self.assertEqual(self.breaches(a_cc='// std::vector<int>\nconst char* a = "std::mutex";\n'), [])


if __name__ == "__main__":
    unittest.main()
