"""The engine and its SDK as `cmake --install` leaves them, moved to another folder afterwards: what runs
there, and what is built with it outside this tree."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, HANG_S, SOURCE, read_jsonl

PLUGIN = """
#include <rare/sdk.h>
class Mark final : public rare::Operator {
 public:
  static rare::Spec spec() {
    return rare::Spec("NAME.mark").summary("Marks a record.").writes("NAME");
  }
  rare::Status process(rare::Record record, rare::Output& out) override {
    record["NAME"] = true;
    return out.emit(std::move(record));
  }
};
RARE_PLUGIN("NAME", "1.0.0") { registrar.add<Mark>(); }
"""

# Before and after what the page says: headers of somebody else, and the page's other files.
BEFORE = "include_directories(${CMAKE_SOURCE_DIR}/others)\n"
AFTER = """
target_sources(shout PRIVATE shouting.cc ask.cc)
enable_testing()
rare_add_plugin_test(shout_test shout_test.cc)
"""

PIPELINE = """
name: shouting
nodes:
  - { name: documents, use: files.read, with: { path: in.jsonl } }
NODES  - { name: result, use: files.write, with: { path: out.jsonl } }
"""

# What `new-plugin` makes of each kind: NAME.score, ...
COMPONENTS = {"operator": "score", "async": "judge", "source": "read", "sink": "write", "service": "lexicon"}
EXAMPLES = SOURCE / "sdk" / "examples"
# The second compiler: what else is built here is built with the first. The suite `packages` has both.
COMPILERS = os.environ.get("RARE_TEST_COMPILERS", "clang++" if shutil.which("clang++") else "c++").split()


def quickly(compiler):
    """CMake's options for a build that does not wait for the optimiser; g++ needs it for coroutines."""
    level = "-O0" if "clang" in compiler else "-O1"
    return [f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_FLAGS_RELEASE={level}"]


def tests_of(example):
    """How many tests an example's CMakeLists.txt names."""
    return len(re.findall(r"rare_add_(?:plugin|pipeline)_test\(", (EXAMPLES / example / "CMakeLists.txt").read_text()))


class InstalledTest(unittest.TestCase):
    maxDiff = None
    # Examples that only the suite `packages` builds: what `judge` stands on is in a new plugin of kind async, too.
    left_out = {"judge"}

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
        if shutil.which("ccache"):  # the same code, in a folder of another name each time
            cls.environment.update(CMAKE_CXX_COMPILER_LAUNCHER="ccache", CCACHE_BASEDIR=str(cls.folder),
                                   CCACHE_NOHASHDIR="1")

    def work_folder(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def succeed(self, *words, cwd, **more):
        """What the command says; it ends with 0."""
        done = subprocess.run([str(word) for word in words], cwd=cwd, env=self.environment, timeout=HANG_S,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **more)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}")
        return done.stdout

    @classmethod
    def examples(cls):
        return sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name not in cls.left_out)

    def plain_flags(self, *packages):
        """What a compiler gets without CMake, as words for a shell."""
        return self.succeed("pkg-config", "--with-path", self.prefix / "lib" / "pkgconfig", "--cflags", "--libs",
                            "rare-sdk", *packages, cwd=self.folder).strip()

    def plugins(self, *options):
        return json.loads(self.succeed(self.engine, "plugins", "--json", *options, cwd=self.folder))

    def run_over_two(self, nodes, folder, *options):
        """What the nodes make of two records."""
        (folder / "shouting.yaml").write_text(PIPELINE.replace("NODES", nodes))
        (folder / "in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
        self.succeed(self.engine, "run", "shouting.yaml", "--progress", "none", *options, cwd=folder)
        return read_jsonl(folder / "out.jsonl")

    def assert_upper_cases(self, folder, *options):
        rows = self.run_over_two("  - { name: loud, use: shout.upper }\n", folder, *options)
        self.assertEqual(rows, [{"text": "A"}, {"text": "B"}])

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

    def test_every_block_of_the_page_is_compiled_and_its_plugin_runs(self):
        folder = self.work_folder()
        page = (SOURCE / "docs" / "writing-plugins.md").read_text()
        blocks = re.findall(r"```(?:cpp|cmake)\n(.*?)```", page, re.DOTALL)
        files = {}
        for block in blocks:
            named = re.match(r"(?://|#) ([\w.]+)\n", block)
            self.assertIsNotNone(named, f"a block that names no file, so that nobody compiles it:\n{block}")
            files[named.group(1)] = block
        self.assertEqual(len(files), len(blocks))
        files["CMakeLists.txt"] = files["CMakeLists.txt"].replace("find_package", BEFORE + "find_package") + AFTER
        files["others/nlohmann/json.hpp"] = "#error these came before the JSON headers of the SDK\n"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        # A libdir as Debian has it for /usr: a plugin goes where the engine looks nevertheless.
        self.succeed("cmake", "-B", "build", *quickly(COMPILERS[0]), "-DCMAKE_INSTALL_LIBDIR=lib/x86_64-linux-gnu",
                     cwd=folder)
        self.succeed("cmake", "--build", "build", "--parallel", "2", cwd=folder)
        self.succeed("ctest", "--test-dir", "build", "--no-tests=error", "--output-on-failure", cwd=folder)
        self.assert_upper_cases(folder, "--plugin-path", "build")
        said = self.succeed(self.engine, "shout", "word", "hello", "--marks", "2", "--plugin-path", "build", cwd=folder)
        self.assertEqual(said, "hello!!\n")
        own = folder / "prefix"
        self.succeed("cmake", "--install", "build", "--prefix", own, cwd=folder)
        self.assert_upper_cases(folder, "--fresh", "--plugin-path", own / "lib" / "rare" / "plugins")

    def test_plugins_built_by_plain_commands_of_both_compilers_run_in_one_engine(self):
        folder = self.work_folder()
        compilers = {name: shutil.which(compiler) for name, compiler in (("gcc", "g++"), ("clang", "clang++"))}
        names = [name for name, compiler in compilers.items() if compiler]
        self.assertGreater(len(names), 0, "neither g++ nor clang++ is there")
        flags = self.plain_flags()
        for name in names:
            (folder / f"{name}.cc").write_text(PLUGIN.replace("NAME", name))
            self.succeed("sh", "-c", f"{compilers[name]} {flags} -o {name}.so {name}.cc", cwd=folder)
        nodes = "".join(f"  - {{ name: {name}, use: {name}.mark }}\n" for name in names)
        self.assertEqual(self.run_over_two(nodes, folder, "--plugin-path", folder),
                         [{"text": text, **{name: True for name in names}} for text in ("a", "b")])

    def test_a_python_function_and_the_operator_that_it_becomes_give_the_same(self):
        folder = self.work_folder()
        page = (SOURCE / "docs" / "exec.md").read_text()
        section = page.split("## From a Python function to an operator\n")[1].split("\n## ")[0]
        for block in re.findall(r"```(?:python|yaml|cpp)\n(.*?)```", section, re.DOTALL):
            (folder / re.match(r"(?://|#) ([\w.]+)\n", block).group(1)).write_text(block)
        shutil.copy(self.prefix / "share" / "rare-engine" / "python" / "rare_exec.py", folder)
        (folder / "in.jsonl").write_text('{"text": "one two"}\n{"text": " "}\n{"text": "three"}\n')
        self.succeed(self.engine, "run", "words.yaml", "--progress", "none", cwd=folder)
        rows = read_jsonl(folder / "out.jsonl")
        self.assertEqual(rows, [{"text": "one two", "words": 2}, {"text": "three", "words": 1}])
        self.succeed("sh", "-c", f"{COMPILERS[0]} {self.plain_flags()} -o words.so words.cc", cwd=folder)
        pipeline = folder / "words.yaml"
        pipeline.write_text(re.sub(r"use: basic.exec\n.*\n.*\n", "use: words.count\n", pipeline.read_text()))
        self.succeed(self.engine, "run", "words.yaml", "--fresh", "--plugin-path", ".", cwd=folder)
        self.assertEqual(read_jsonl(folder / "out.jsonl"), rows)

    def test_the_pipeline_with_a_program_in_python_runs_where_it_is_installed(self):
        pipeline = self.prefix / "share" / "rare-engine" / "pipelines" / "exec.yaml"
        self.succeed(self.engine, "run", pipeline, "--progress", "none", cwd=self.work_folder())

    def make_plugin(self, folder, name, kind):
        """The commands that `new-plugin` says come next, up to the last."""
        said = self.succeed(self.engine, "new-plugin", name, "--kind", kind, cwd=folder)
        for file in ("README.md", ".gitignore", ".vscode/settings.json", ".github/workflows/ci.yml"):
            self.assertTrue((folder / name / file).is_file(), file)
        self.assertIn(f"-DCMAKE_PREFIX_PATH='{self.prefix}/'", said)
        return folder / name

    def assert_documented(self, name, kind, build):
        shown = self.succeed(self.engine, "operators", f"{name}.{COMPONENTS[kind]}", "--plugin-path", build,
                             cwd=self.folder)
        self.assertIn(f"{name}.{COMPONENTS[kind]}", shown)

    def test_a_new_plugin_builds_passes_its_tests_and_runs(self):
        project = self.make_plugin(self.work_folder(), "sentiment", "operator")
        self.succeed("cmake", "-B", "build", cwd=project)
        self.succeed("cmake", "--build", "build", cwd=project)
        self.succeed("ctest", "--test-dir", "build", "--no-tests=error", "--output-on-failure", cwd=project)
        self.succeed(self.engine, "run", "example.yaml", "--plugin-path", "build", "--progress", "none", cwd=project)
        self.assertEqual([row["score"] for row in read_jsonl(project / "out" / "example.jsonl")], [1, -1 / 3])
        self.assert_documented("sentiment", "operator", project / "build")
        schema = (project / "build" / "pipeline.schema.json").read_text()
        self.assertIn("sentiment.score", schema)
        # Work goes on after it was installed: what is built goes before it.
        installed = self.prefix / "lib" / "rare" / "plugins" / "sentiment.so"
        self.addCleanup(installed.unlink, missing_ok=True)  # the other tests share the prefix
        self.succeed("cmake", "--install", "build", "--prefix", self.prefix, cwd=project)
        said = self.succeed(self.engine, "run", "example.yaml", "--fresh", "--plugin-path", "build", cwd=project)
        self.assertIn(f"plugin sentiment is build/sentiment.so, which takes the place of {installed}\n", said)
        self.succeed("ctest", "--test-dir", "build", "--output-on-failure", cwd=project)

    def test_a_plugin_with_a_sanitizer_builds_and_its_test_program_passes(self):
        project = self.make_plugin(self.work_folder(), "sentiment", "operator")
        said = self.succeed("cmake", "-B", "build", "-DCMAKE_CXX_FLAGS=-fsanitize=address", *quickly("c++"),
                            cwd=project)
        self.assertIn("The test example is left out", said)
        self.succeed("cmake", "--build", "build", "--parallel", "2", cwd=project)
        said = self.succeed("ctest", "--test-dir", "build", "--no-tests=error", "--output-on-failure", cwd=project)
        self.assertIn("out of 1", said)

    def test_a_plugin_that_the_engine_refuses_fails_its_build_and_the_schema_of_before_stays(self):
        project = self.make_plugin(self.work_folder(), "mood", "operator")
        (project / "build").mkdir()
        schema = project / "build" / "pipeline.schema.json"
        schema.write_text("of before")
        source = project / "mood.cc"
        source.write_text(source.read_text() + "void nowhere();\nstatic const int kUndefined = (nowhere(), 1);\n")
        self.succeed("cmake", "-B", "build", *quickly(COMPILERS[0]), cwd=project)
        for _ in range(2):  # also where all but the schema is built already
            done = subprocess.run(["cmake", "--build", "build", "--target", "mood_schema"], cwd=project,
                                  env=self.environment, timeout=HANG_S, capture_output=True, text=True, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("mood.so was refused: needs 'nowhere()'", done.stdout + done.stderr)
            self.assertEqual(schema.read_text(), "of before")

    def test_new_plugins_of_the_other_kinds_and_the_worked_examples_pass_their_tests(self):
        # One build of all of them: what is configured, and how, is the same as for one alone.
        folder = self.work_folder()
        kinds = [kind for kind in COMPONENTS if kind != "operator"]
        for kind in kinds:
            self.make_plugin(folder, f"my_{kind}", kind)
            # Side by side their tests need names of their own.
            lists = folder / f"my_{kind}" / "CMakeLists.txt"
            lists.write_text(lists.read_text().replace("(example ", f"(example_{kind} "))
        examples = self.examples()
        for example in examples:
            shutil.copytree(EXAMPLES / example, folder / example)
            # As new-plugin makes it, above all with a build that optimises coroutines.
            top = (folder / "my_async" / "CMakeLists.txt").read_text().splitlines()[:2]
            self.assertEqual((EXAMPLES / example / "CMakeLists.txt").read_text().splitlines()[:2], top)
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(all CXX)\nenable_testing()\n" +
            "".join(f"add_subdirectory({name})\n" for name in [*(f"my_{kind}" for kind in kinds), *examples]))
        for compiler in COMPILERS:
            build = f"build-{compiler}"
            self.succeed("cmake", "-B", build, *quickly(compiler), "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror",
                         cwd=folder)
            self.succeed("cmake", "--build", build, "--parallel", "2", cwd=folder)
            said = self.succeed("ctest", "--test-dir", build, "--output-on-failure", cwd=folder)
            self.assertIn(f"out of {2 * len(kinds) + sum(map(tests_of, examples))}", said)
            for kind in kinds:
                self.assert_documented(f"my_{kind}", kind, folder / build / f"my_{kind}")

    def test_new_plugin_refuses_what_is_there_and_what_is_no_name(self):
        folder = self.work_folder()
        (folder / "mine").mkdir()
        (folder / "mine" / "notes").write_text("")
        for name, why in [("mine", "'mine' is there already"), ("My-Plugin", "small letters, digits and _"),
                          ("../up", "is no name for a plugin"), ("test", "that the build does not use itself"),
                          ("preinstall", "that the build does not use itself")]:
            done = subprocess.run([self.engine, "new-plugin", name], cwd=folder, env=self.environment, timeout=HANG_S,
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), name)
            self.assertIn(why, done.stderr)
        self.assertEqual(sorted(path.name for path in folder.rglob("*")), ["mine", "notes"])

    def test_another_major_version_of_the_sdk_is_not_taken(self):
        folder = self.work_folder()
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(shout NONE)\nfind_package(RareSdk 2.0 REQUIRED)\n")
        done = subprocess.run(["cmake", "-B", "build"], cwd=folder, env=self.environment, timeout=HANG_S,
                              capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("RareSdkConfig.cmake, version: 1.", done.stderr)


if __name__ == "__main__":
    unittest.main()
