"""pages.py: what doxygen is given, what is compiled into plugins, and when the SDK's version has to be raised."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".ci" / "sdk"))
import pages  # noqa: E402

HEADER = """\
// Shouts <loudly>.
//
//   shout("hi");
//
// Thread-safety: none.
#pragma once
int volume = 3;  // in @dB
"""
SURFACE = """\
SDK 1.4

rare/shout.h
    class Shout
*     virtual void shout() = 0
      bool is_loud() const
"""


class SdkPagesTest(unittest.TestCase):
    def test_comments_become_documentation_and_keep_their_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / "shout.h"
            header.write_text(HEADER)
            self.assertEqual(pages.filtered(header).splitlines(), [
                "/// Shouts \\<loudly\\>.", "///", '/// @code   shout("hi");', "///  @endcode",
                "/// Thread-safety: none.", "/// @file", "int volume = 3;  ///< in \\@dB"])

    def test_code_in_a_comment_is_code_on_the_page_and_a_list_is_not(self):
        self.assertEqual(pages.page_text(["Says <a>:", "", "  f<int>();", "", "- one", "  of two"]),
                         "Says \\<a>:\n\n```cpp\nf<int>();\n```\n\n- one\n  of two")

    def test_signatures_are_written_in_one_way(self):
        for written, tidied in [("virtual const Json & name() const =0", "virtual const Json& name() const = 0"),
                                ("std::vector< std::pair< int, T * > > pairs", "std::vector<std::pair<int, T*>> pairs"),
                                ("Status with_raw(std::string bytes)&&", "Status with_raw(std::string bytes) &&")]:
            self.assertEqual(pages.tidy(written), tidied)

    def test_what_is_compiled_into_plugins_changes_only_with_the_version(self):
        changed = SURFACE.replace("shout() = 0", "shout(int times) = 0")
        self.assertEqual(pages.fault_of_version(SURFACE, changed).splitlines(), [
            "plugins of SDK 1.4 no longer fit: raise RARE_SDK_VERSION_MINOR in rare/plugin.h",
            "-*     virtual void shout() = 0", "+*     virtual void shout(int times) = 0"])
        for version in ("1.5", "2.0", "1.10"):
            self.assertEqual(pages.fault_of_version(SURFACE, changed.replace("1.4", version)), "")
        self.assertIn("no longer fit", pages.fault_of_version(SURFACE, changed.replace("1.4", "1.3")))

    def test_what_is_not_compiled_into_plugins_may_change_under_one_version(self):
        self.assertEqual(pages.fault_of_version(SURFACE, SURFACE.replace("is_loud", "is_silent")), "")

    def test_the_order_of_virtual_functions_is_compiled_into_plugins(self):
        more = "*     virtual void whisper() = 0\n"
        first, last = SURFACE.replace("*     virtual", more + "*     virtual"), SURFACE + more
        self.assertIn("no longer fit", pages.fault_of_version(first, last))


if __name__ == "__main__":
    unittest.main()
