"""The live page is one small file that loads nothing, and the one that its sources make."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

UI = pathlib.Path(__file__).resolve().parents[2] / "engine/observe/ui"
PAGE = UI / "dist/page.html"
MOST_BYTES_SENT = 100_000


class LivePageTest(unittest.TestCase):
    def test_it_is_one_small_file_that_loads_nothing(self):
        page = PAGE.read_bytes()
        self.assertLess(len(gzip.compress(page)), MOST_BYTES_SENT)
        text = re.sub(r"<!--.*?-->", "", page.decode(), flags=re.DOTALL)
        head = re.sub(r"(<script[^>]*>).*?</script>|(<style>).*?</style>", r"\1\2", text, flags=re.DOTALL)
        self.assertEqual(re.findall(r"""\b(?:src|href)=["']?([^"'>]*)""", head), ["data:,"])
        self.assertEqual(set(re.findall(r"url\(([^)]*)\)|@import", text)) - {"#arrow"}, set())
        addresses = set(re.findall(r"https?://[^\"'`\s)<>]+", text))
        self.assertEqual({a for a in addresses if not a.startswith("http://www.w3.org/")}, set())

    def test_no_source_makes_markup_of_text(self):
        for source in (UI / "src").iterdir():
            self.assertNotRegex(source.read_text(), r"innerHTML|insertAdjacentHTML|document\.write", source.name)

    def test_packages_are_pinned_and_name_no_registry(self):
        self.assertNotRegex((UI / "package.json").read_text(), r'": "[\^~*]')
        self.assertNotIn('"resolved"', (UI / "package-lock.json").read_text())

    def test_it_is_what_its_sources_make(self):
        if not (UI / "node_modules").is_dir() or not shutil.which("node"):
            print("node or its packages are not here (./dev page fetches them): the page is not rebuilt and compared", file=sys.stderr)
            self.skipTest("no node")
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(["node", "node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--logLevel", "warn"],
                                  cwd=UI, capture_output=True, text=True, env=dict(os.environ, NODE_ENV="production"))
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertEqual((pathlib.Path(folder) / "page.html").read_text(), PAGE.read_text(), "./dev page makes it anew")


if __name__ == "__main__":
    unittest.main()
