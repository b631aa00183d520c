"""`rare-engine inspect`: through a terminal of its own (a pty), and without one."""

import fcntl
import gzip
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unittest

from harness import ENGINE, EngineTest, HANG_S

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The verb in a terminal of so many columns and rows."""

    def __init__(self, test, *arguments, columns=80, rows=24):
        self.own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.process = subprocess.Popen([ENGINE, "inspect", *map(str, arguments)], cwd=test.folder,
                                        env=dict(test.environment, TERM="xterm"), stdin=theirs, stdout=theirs,
                                        stderr=subprocess.PIPE, start_new_session=True)
        self.text = ""
        test.addCleanup(self.close)

    def read(self, wait_s):
        if select.select([self.own], [], [], wait_s)[0]:
            self.text += os.read(self.own, 1 << 16).decode(errors="replace")

    def wait_for(self, text):
        """What the terminal got up to and with the first screen that holds the text."""
        end = time.monotonic() + HANG_S
        while text not in CONTROL.sub("", self.text):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{text!r} did not come; came {self.text[-2000:]!r}")
            self.read(1)
        shown, self.text = CONTROL.sub("", self.text.replace("\x1b[H", "\r\n")), ""
        return shown

    def press(self, keys):
        os.write(self.own, keys.encode())

    def end(self):
        self.press("q")
        return self.ended()

    def ended(self):
        end = time.monotonic() + HANG_S
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not end; came {self.text[-2000:]!r}")
            self.read(0.05)
        return self.process.returncode

    def hang_up(self):
        """As a window that is closed."""
        for end in (self.theirs, self.own):
            os.close(end)
        self.theirs = self.own = None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=HANG_S)
        for end in (self.theirs, self.own):
            if end is not None:
                os.close(end)


class InspectTest(EngineTest):
    def write_rows(self, count, name="rows.jsonl"):
        return self.write(name, "".join(json.dumps({
            "id": f"d{n}", "question": f"Why is salt number {n} white?",
            "text": f"Salt of the sea. Paragraph {n}. " + "And so on. " * 40}) + "\n" for n in range(1, count + 1)))

    def test_keys_search_and_end_leave_the_terminal_as_it_was(self):
        self.write_rows(700)
        terminal = Terminal(self, "rows.jsonl")
        self.assertIn("Why is salt number 1 white?", terminal.wait_for("1/700"))
        terminal.press("j")
        terminal.wait_for("number 2 white")
        terminal.press("\x1b[B")
        terminal.wait_for("number 3 white")
        terminal.press("250g")
        terminal.wait_for("250/700")
        terminal.press("/paragraph 699\r")
        terminal.wait_for("699/700")
        terminal.press("h")
        terminal.wait_for("Any key goes on.")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(termios.tcgetattr(terminal.theirs), terminal.before)
        self.assertTrue((self.folder / "rows.jsonl.places").exists())

    def test_a_terminal_of_40_columns_is_not_overrun(self):
        self.write("rows.jsonl", json.dumps({"text": "salt 猫は東京にいる " * 30, "question": "x" * 200}) + "\n")
        terminal = Terminal(self, "rows.jsonl", columns=40, rows=10)
        shown = terminal.wait_for("1/1")
        for line in shown.replace("\r", "").split("\n"):  # the pty adds a \r of its own
            self.assertLessEqual(sum(2 if ord(c) > 0x2E80 else 1 for c in line), 40, line)
        self.assertEqual(terminal.end(), 0)

    def test_the_end_by_a_signal_gives_the_terminal_back(self):
        self.write_rows(3)
        terminal = Terminal(self, "rows.jsonl")
        terminal.wait_for("1/3")
        terminal.process.terminate()
        terminal.ended()
        terminal.read(1)
        self.assertEqual(termios.tcgetattr(terminal.theirs), terminal.before)
        self.assertIn("\x1b[?1049l", terminal.text)

    def test_the_end_by_a_signal_while_a_search_is_typed(self):
        self.write_rows(3)
        terminal = Terminal(self, "rows.jsonl")
        terminal.wait_for("1/3")
        terminal.press("/abc")
        terminal.wait_for("/abc")
        terminal.process.terminate()
        self.assertEqual(terminal.ended(), 0)
        terminal.read(1)
        self.assertIn("\x1b[?1049l", terminal.text)

    def test_the_terminal_is_closed_while_a_search_is_typed(self):
        self.write_rows(3)
        terminal = Terminal(self, "rows.jsonl")
        terminal.wait_for("1/3")
        terminal.press("/abc")
        terminal.wait_for("/abc")
        terminal.hang_up()
        self.assertEqual(terminal.process.wait(timeout=HANG_S), 0)

    def test_without_a_terminal_records_are_plain_text(self):
        self.write_rows(30)
        shown = self.run_engine("inspect", "rows.jsonl", "--at", "7")
        self.assert_exit(shown, 0)
        self.assertTrue(shown.stdout.startswith("record 7\nid\n  d7\nquestion\n"), shown.stdout)
        self.assertNotIn("\x1b", shown.stdout)
        two = self.run_engine("inspect", "rows.jsonl", "--print", "2", "--filter", "question=number 2", "--width", "40")
        self.assertEqual(re.findall(r"^record (\d+)$", two.stdout, re.M), ["2", "20"])
        self.assertLessEqual(max(map(len, two.stdout.splitlines())), 40)

    def test_odd_files(self):
        self.write("rows.jsonl", '{"text":"a\\u001b[2Jb"}\n[1]\n' + json.dumps({"text": "x" * 10_000_000}) + "\n")
        shown = self.run_engine("inspect", "rows.jsonl", "--print", "9")
        self.assert_exit(shown, 0)
        self.assertIn("a^[[2Jb", shown.stdout)
        self.assertIn("cannot be read as a record: column 1: expected", shown.stdout)
        self.assertIn("x" * 10_000_000, shown.stdout)
        beyond = self.run_engine("inspect", "rows.jsonl", "--at", "4")
        self.assert_exit(beyond, 2)
        self.assertIn("rows.jsonl is 3", beyond.stderr)
        self.write("empty.jsonl", "")
        empty = self.run_engine("inspect", "empty.jsonl")
        self.assertEqual((empty.returncode, empty.stdout), (0, ""))
        self.assertIn("holds no record", empty.stderr)
        self.assert_exit(self.run_engine("inspect", "none.jsonl"), 2)

    def test_other_formats_and_a_folder_that_cannot_be_written(self):
        self.write("a.csv", "id,text\n1,salt\n2,sea\n")
        with gzip.open(self.folder / "a.jsonl.gz", "wt") as file:
            file.write('{"id":1}\n{"id":2,"text":"sea"}\n')
        for name in ("a.csv", "a.jsonl.gz"):
            shown = self.run_engine("inspect", name, "--at", "2")
            self.assert_exit(shown, 0)
            self.assertIn("text\n  sea\n", shown.stdout)
            self.assertFalse((self.folder / f"{name}.places").exists())
        self.write_rows(700, "b.jsonl")
        (self.folder / "b.jsonl.places").mkdir()
        shown = self.run_engine("inspect", "b.jsonl", "--at", "700")
        self.assert_exit(shown, 0)
        self.assertIn("could not be kept", shown.stderr)


if __name__ == "__main__":
    unittest.main()
