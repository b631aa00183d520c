"""The engine and its SDK as `cmake --install` leaves them, moved to another folder afterwards: what runs
there, and what is built with it outside this tree."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, HANG_S, read_jsonl

PLUGIN = """
#include <rare/sdk.h>
#ifdef DECOY
#error "the JSON headers of somebody else came first"
#endif
class Shout final : public rare::Operator {
 public:
  static rare::Spec spec() {
    return rare::Spec("shout.mark").summary("Marks a record.").writes("loud");
  }
  rare::Status process(rare::Record record, rare::Output& out) override {
    record["loud"] = true;
    return out.emit(std::move(record));
  }
};
RARE_PLUGIN("shout", "1.0.0") { registrar.add<Shout>(); }
"""

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(shout CXX)
include_directories(${CMAKE_SOURCE_DIR}/others)
find_package(RareSdk 1.0 REQUIRED)
rare_add_plugin(shout shout.cc)
"""

PIPELINE = """
name: shouting
nodes:
  - { name: documents, use: files.read, with: { path: in.jsonl } }
  - { name: marked, use: shout.mark }
  - { name: result, use: files.write, with: { path: out.jsonl } }
"""


class InstalledTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rare-installed-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.folder / "first"], check=True,
                       stdout=subprocess.DEVNULL, timeout=HANG_S)
        cls.prefix = cls.folder / "moved here"
        (cls.folder / "first").rename(cls.prefix)
        cls.engine = cls.prefix / "bin" / "rare-engine"
        cls.environment = dict(os.environ, NO_COLOR="1", CMAKE_PREFIX_PATH=str(cls.prefix))
        cls.environment.pop("RARE_PLUGIN_PATH", None)

    def work_folder(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def succeed(self, *words, cwd, **more):
        """What the command says; it ends with 0."""
        done = subprocess.run([str(word) for word in words], cwd=cwd, env=self.environment, timeout=HANG_S,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **more)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}")
        return done.stdout

    def plugins(self, *options):
        return json.loads(self.succeed(self.engine, "plugins", "--json", *options, cwd=self.folder))

    def assert_shouts(self, folder, *options):
        (folder / "shouting.yaml").write_text(PIPELINE)
        (folder / "in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
        self.succeed(self.engine, "run", "shouting.yaml", "--progress", "none", *options, cwd=folder)
        self.assertEqual(read_jsonl(folder / "out.jsonl"),
                         [{"text": "a", "loud": True}, {"text": "b", "loud": True}])

    def test_a_moved_engine_finds_its_plugins_and_runs_a_pipeline_that_came_with_it(self):
        listed = self.plugins()
        self.assertEqual(listed["refused"], [])
        self.assertGreater(len(listed["plugins"]), 5)
        for plugin in listed["plugins"]:
            self.assertTrue(plugin["file"].startswith(str(self.prefix)), plugin["file"])
        pipeline = self.prefix / "share" / "rare-engine" / "pipelines" / "basics.yaml"
        self.succeed(self.engine, "run", pipeline, "--progress", "none", cwd=self.work_folder())

    def test_nothing_that_is_installed_names_the_tree_it_was_built_from(self):
        named = [path for path in self.prefix.rglob("*") if path.is_file() and path.suffix in (".cmake", ".pc", ".h")
                 and str(BUILD.parent.parent).encode() in path.read_bytes()]
        self.assertEqual(named, [])

    def test_a_plugin_is_built_by_cmake_with_the_json_headers_of_the_sdk_and_installed_into_the_prefix(self):
        folder = self.work_folder()
        (folder / "shout.cc").write_text(PLUGIN)
        (folder / "CMakeLists.txt").write_text(PROJECT)
        (folder / "others" / "nlohmann").mkdir(parents=True)
        (folder / "others" / "nlohmann" / "json.hpp").write_text("#define DECOY\n")
        self.succeed("cmake", "-B", "build", cwd=folder)
        self.succeed("cmake", "--build", "build", cwd=folder)
        self.assert_shouts(folder, "--plugin-path", "build")
        own = folder / "prefix"
        self.succeed("cmake", "--install", "build", "--prefix", own, cwd=folder)
        self.assert_shouts(folder, "--fresh", "--plugin-path", own / "lib" / "rare" / "plugins")

    def test_a_plugin_is_built_by_a_plain_compiler_command_of_either_compiler(self):
        files = []
        for compiler in ("g++", "clang++"):
            if shutil.which(compiler) is None:
                continue
            folder = self.work_folder()
            (folder / "shout.cc").write_text(PLUGIN)
            flags = self.succeed("pkg-config", "--with-path", self.prefix / "lib" / "pkgconfig", "--cflags", "--libs",
                                 "rare-sdk", cwd=folder)
            self.succeed("sh", "-c", f"{compiler} {flags.strip()} -o shout.so shout.cc", cwd=folder)
            self.assert_shouts(folder, "--plugin-path", folder)
            files.append(folder)
        self.assertGreater(len(files), 0, "neither g++ nor clang++ is there")

    def test_another_major_version_of_the_sdk_is_not_taken(self):
        folder = self.work_folder()
        (folder / "shout.cc").write_text(PLUGIN)
        (folder / "CMakeLists.txt").write_text(PROJECT.replace("RareSdk 1.0", "RareSdk 2.0"))
        done = subprocess.run(["cmake", "-B", "build"], cwd=folder, env=self.environment, timeout=HANG_S,
                              capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("RareSdkConfig.cmake, version: 1.", done.stderr)


if __name__ == "__main__":
    unittest.main()
