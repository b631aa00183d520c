"""The layering check finds each kind of breach, and lets sound code pass."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".ci"))
import layering  # noqa: E402


class LayeringTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path in ("sdk/include/rare/sdk.h", "engine/config/pipeline.h", "engine/graph/plan.h",
                     "engine/state/ledger.h", "engine/runtime/executor.h", "plugins/net/loop.h",
                     "plugins/files/read.h", "plugins/llm/chat.h"):
            self.write(path, "#pragma once\n")

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def breaches(self, path, text):
        self.write(path, text)
        return layering.Checker(self.root).check()

    def assert_clean(self, path, text):
        self.assertEqual(self.breaches(path, text), [])

    def assert_breach(self, path, text, where, *words):
        found = self.breaches(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{where}: "), found[0])
        for word in words:
            self.assertIn(word, found[0])

    def test_downward_includes_pass(self):
        self.assert_clean("engine/runtime/executor.cc",
                          '#include "engine/runtime/executor.h"\n#include "engine/graph/plan.h"\n'
                          "#include <oneapi/tbb/flow_graph.h>\n#include <rare/sdk.h>\n")

    def test_an_upward_include_is_found(self):
        self.assert_breach("engine/graph/plan.cc", '\n#include "engine/runtime/executor.h"\n',
                           "engine/graph/plan.cc:2", "engine/runtime/executor.h")

    def test_a_sideways_include_is_found(self):
        self.assert_breach("engine/graph/plan.cc", '#include "engine/state/ledger.h"\n',
                           "engine/graph/plan.cc:1", "not engine/state/ledger.h")

    def test_a_relative_include_is_resolved(self):
        self.assert_breach("engine/config/read.cc", '#include "../graph/plan.h"\n',
                           "engine/config/read.cc:1", "not engine/graph/plan.h")

    def test_a_plugin_may_use_sdk_net_and_itself(self):
        self.assert_clean("plugins/files/read.cc",
                          '#include "plugins/files/read.h"\n#include "plugins/net/loop.h"\n'
                          "#include <rare/sdk.h>\n#include <vector>\n")

    def test_a_plugin_that_includes_the_engine_is_found(self):
        self.assert_breach("plugins/files/read.cc", '#include "engine/graph/plan.h"\n',
                           "plugins/files/read.cc:1", "not engine/graph/plan.h")

    def test_a_plugin_that_includes_another_plugin_is_found(self):
        self.assert_breach("plugins/files/read.cc", '#include "plugins/llm/chat.h"\n',
                           "plugins/files/read.cc:1", "not plugins/llm/chat.h")

    def test_the_sdk_stays_free_of_engine_and_foreign_libraries(self):
        self.assert_breach("sdk/include/rare/a.h", '#include "engine/graph/plan.h"\n',
                           "sdk/include/rare/a.h:1", "not engine/graph/plan.h")
        self.assert_breach("sdk/include/rare/a.h", "#include <curl/curl.h>\n",
                           "sdk/include/rare/a.h:1", "curl/curl.h")

    def test_tbb_outside_the_runtime_is_found(self):
        for header in ("tbb/task_arena.h", "oneapi/tbb.h"):
            self.assert_breach("engine/state/ledger.cc", f"#include <{header}>\n",
                               "engine/state/ledger.cc:1", "engine/runtime only")

    def test_an_engine_that_names_a_component_is_found(self):
        self.write("plugins/files/read.cc", 'auto s = rare::Spec("files.read").summary("x");\n')
        self.assert_breach("engine/graph/plan.cc", 'if (use == "files.read") return;\n',
                           "engine/graph/plan.cc:1", "names files.read")

    def test_a_component_in_a_comment_or_a_longer_word_is_none(self):
        self.write("plugins/files/read.cc", 'auto s = rare::Spec("files.read").summary("x");\n')
        self.assert_clean("engine/graph/plan.cc",
                          '// as "files.read" does\nauto a = "files.reader"; auto b = "my.files.read";\n')

    def test_long_files_are_found_unless_excused(self):
        for name, limit in (("a.h", 250), ("b.cc", 500)):
            path = f"engine/state/{name}"
            self.assert_clean(path, "int x;\n" * limit)
            self.assert_breach(path, "int x;\n" * (limit + 1), f"{path}:{limit}", "split it")
            self.assert_clean(path, "// size: one table\n" + "int x;\n" * limit)

    def test_long_functions_are_found_unless_excused(self):
        body = "  call();\n" * 59
        self.assert_clean("engine/state/a.cc", "namespace a {\nvoid f() {\n" + body[10:] + "}\n}\n")
        self.assert_breach("engine/state/a.cc", "namespace a {\nvoid f() {\n" + body + "}\n}\n",
                           "engine/state/a.cc:2", "61 lines")
        self.assert_clean("engine/state/a.cc", "void f() {\n  // size: a table\n" + body + "}\n")

    def test_braces_in_strings_classes_and_initialisers_are_no_functions(self):
        self.assert_clean("engine/state/a.cc",
                          'class A {\n' + "  int f();\n" * 70 + '};\nconst char* s = "{ ( {";\n'
                          "int t[] = {\n" + "  (1),\n" * 70 + "};\n"
                          'auto r = R"x(\n' + "{ (\n" * 70 + ')x";\n')

    def test_nameless_file_names_are_found(self):
        self.assert_breach("plugins/files/utils.h", "#pragma once\n", "plugins/files/utils.h:1", "utils")

    def test_co_await_inside_a_test_macro_is_found(self):
        self.assert_breach("tests/sdk/a.cc", "void f() {\n  REQUIRE((co_await x()).ok());\n}\n",
                           "tests/sdk/a.cc:2", "twice")


if __name__ == "__main__":
    unittest.main()
