"""What a run shows of itself while it goes on: in a terminal of its own (a pty), as plain lines, as JSON lines."""

import fcntl
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

from harness import ENGINE, HANG_S, PIPELINES, EngineTest, ProtocolServer

PIECE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")
FIRST_LINE = re.compile(r"^(\d+ s|\d+:\d\d:\d\d)  [\d,]+ of [\d,]+ records finished")


class Screen:
    """The rows of a terminal that knows what the engine writes: text, line breaks, cursor up, erasing, colours."""

    def __init__(self, columns, rows):
        self.columns, self.height = columns, rows
        self.rows, self.row, self.column = [""], 0, 0

    def feed(self, text):
        for match in PIECE.finditer(text):
            numbers, command, control, plain = match.groups()
            if control == "\r":
                self.column = 0
            elif control == "\n":
                self.row += 1
                if self.row == len(self.rows):
                    self.rows.append("")
            elif plain:
                row = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = row[:self.column] + plain + row[self.column + len(plain):]
                self.column += len(plain)
            elif command == "A":
                up = int(numbers or 1)
                assert up < self.height, f"{up} rows up, beyond the top of the terminal"
                assert up <= self.row, "above the first line that was written"
                self.row -= up
            elif command == "K":
                self.rows[self.row] = self.rows[self.row][:self.column]
            elif command == "J":
                self.rows[self.row] = self.rows[self.row][:self.column]
                del self.rows[self.row + 1:]
            else:
                assert command == "m", f"an unknown sequence: {match.group(0)!r}"


class ProgressTest(EngineTest):
    def command(self, documents, *arguments):
        corpus = self.write_corpus(documents)
        return [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                f"nodes.documents.with.path={corpus}", *arguments]

    def watch(self, screen, command, look):
        """Runs the command with standard error on a terminal; `look` sees the screen after each piece that came."""
        own, theirs = pty.openpty()
        self.addCleanup(os.close, own)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", screen.height, screen.columns, 0, 0))
        self.terminal = theirs
        process = subprocess.Popen([ENGINE, *map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   env=dict(self.environment, TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8"),
                                   stdout=subprocess.PIPE, stderr=theirs)
        self.addCleanup(process.stdout.close)
        end, rest, over = time.monotonic() + HANG_S, b"", False
        while True:
            if time.monotonic() > end:
                process.kill()
                self.fail(f"the run hangs; the terminal shows {screen.rows}")
            if not select.select([own], [], [], 0.1)[0]:
                if over:
                    break
                over = process.poll() is not None
                continue
            rest += os.read(own, 1 << 16)
            # A sequence or a character may come in two pieces.
            text = rest.decode(errors="ignore")
            cut = text.rfind("\x1b")
            whole = text if cut < 0 or PIECE.match(text, cut) else text[:cut]
            rest = rest[len(whole.encode()):]
            screen.feed(whole)
            look(screen.rows)
        os.close(theirs)
        self.assertEqual(process.returncode, 0, screen.rows)
        return process.stdout.read().decode()

    def looked_at(self, columns, rows, documents=150):
        """The most telling block of a run in such a terminal, and what stands on it at the end."""
        screen, blocks = Screen(columns, rows), []

        def look(lines):
            first = [place for place, line in enumerate(lines) if FIRST_LINE.match(line)]
            self.assertLessEqual(len(first), 1, f"two blocks at once: {lines}")
            if first:
                block = [line for line in lines[first[0]:] if line]
                self.assertLess(len(block), rows)
                self.assertLessEqual(max(map(len, block)), columns)
                blocks.append(block)

        with ProtocolServer("--latency-ms", 60) as server:
            self.use_endpoint(server)
            out = self.watch(screen, self.command(documents, "--set", "services.teacher.with.max_in_flight=4"), look)
        self.assertIn("out/rare-openai.jsonl", out)
        self.assertGreater(len(blocks), 3)
        return max(blocks, key=len), [line for line in screen.rows if line]

    def test_a_block_is_redrawn_in_place_and_gone_at_the_end(self):
        block, left = self.looked_at(120, 30)
        text = "\n".join(block)
        for node in ("documents", "questions", "negatives", "reasoning", "result"):
            self.assertRegex(text, rf"(?m)^  {node} ")
        self.assertRegex(text, r"(?m)^  service ")
        self.assertRegex(text, r"(?m)^  teacher .*calls in flight of 4 at most")
        self.assertIn("\u2588", text)
        for line in left:
            self.assertNotRegex(line, FIRST_LINE)
            self.assertNotRegex(line, r"^  (node|service|teacher) ")
        # What was logged meanwhile stands above, in whole lines.
        self.assertTrue(any("index ready" in line and line[:2].isdigit() for line in left), left)

    def test_a_small_terminal_has_a_small_block(self):
        block, _ = self.looked_at(50, 8)
        self.assertRegex("\n".join(block), r"and \d+ nodes that hold less")

    def test_a_terminal_that_grows_is_filled(self):
        screen, widths = Screen(60, 30), []

        def look(lines):
            service = [line for line in lines if line.startswith("  teacher ")]
            if service and service[0].endswith(("at most", "waiting")):
                widths.append(len(service[0]))
            elif service and screen.columns == 60:
                screen.columns = 160
                fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 160, 0, 0))

        with ProtocolServer("--latency-ms", 60) as server:
            self.use_endpoint(server)
            self.watch(screen, self.command(150, "--set", "services.teacher.with.max_in_flight=4"), look)
        self.assertEqual(screen.columns, 160)
        self.assertTrue(widths)
        self.assertGreater(max(widths), 60)

    def test_json_lines_say_the_same_to_machines(self):
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.command(20, "--progress", "json"))
        self.assert_exit(process, 0)
        lines = [json.loads(line) for line in process.stderr.splitlines() if line.startswith("{")]
        self.assertTrue(lines)
        for key in ("elapsed_s", "read", "finished", "dead", "nodes", "services"):
            self.assertIn(key, lines[0])
        self.assertIn("documents", lines[0]["nodes"])
        self.assertIn("teacher", lines[0]["services"])

    def test_without_a_terminal_plain_lines_come(self):
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.command(20))
        self.assert_exit(process, 0)
        self.assertRegex(process.stderr, r"(?m)^\d+ s: \d+ of \d+ records read are finished")
        self.assertNotIn("\x1b[", process.stderr)

    def test_a_log_in_json_is_objects_alone(self):
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.command(20, "--log-format", "json", "--metrics-port", 0))
        self.assert_exit(process, 0)
        lines = [json.loads(line) for line in process.stderr.splitlines()]
        self.assertTrue(any("elapsed_s" in line for line in lines), "no progress")
        told = [line for line in lines if "message" in line]
        self.assertRegex(told[0]["message"], "^metrics at ")
        self.assertEqual((told[0]["level"], told[0]["pipeline"]), ("info", "rare-openai"))
        self.assertRegex(told[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_a_level_of_a_node_that_is_not_there_is_refused(self):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.command(1, "--log-level", "info,question=debug,teacher=warning"))
        self.assert_exit(process, 2)
        self.assertIn("--log-level: 'question' is no node or service of the pipeline; did you mean 'questions'? It has: "
                      "documents questions", process.stderr)
        self.assertNotIn("'teacher' is no", process.stderr)


if __name__ == "__main__":
    unittest.main()
