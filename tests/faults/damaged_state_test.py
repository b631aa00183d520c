"""Databases that were cut short, or are a newer program's: what happened and what is safe is said.

What of it SQLite cannot see may go on, but never to another result.
"""

import os
import sqlite3
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered
from harness import HANG_S, ProtocolServer, wait_until

RECORDS = 300
PIPELINE = PIPELINES_UNDER_FAULTS["rare"]
STATE = ".rare/rare-openai/state.db"
REPLIES = ".rare/replies.db"
# A start that asks again what was in a lost part of the replies pays for it once more.
EVERYTHING = 2 * RECORDS


class DamagedStateTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.whole, self.calls, _ = self.undisturbed(PIPELINE, RECORDS)
        self.lay_out(PIPELINE, RECORDS)
        self.server = ProtocolServer("--latency-ms", 50)
        self.addCleanup(self.server.close)
        self.use_endpoint(self.server)
        process = self.start(*PIPELINE.command)
        wait_until(lambda: self.committed(PIPELINE) > 0 or process.poll() is not None)
        process.kill()
        process.communicate(timeout=HANG_S)

    def fold_log(self, name):
        """All of the database is in its first file, as after a run that ended by itself."""
        connection = sqlite3.connect(self.folder / name)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.assertFalse((self.folder / (name + "-wal")).exists())

    def cut(self, name, share):
        os.truncate(self.folder / name, int((self.folder / name).stat().st_size * share))

    def refused(self, name, *said):
        before = answered(self.server.stats())
        process = self.run_engine(*PIPELINE.command)
        self.assert_exit(process, 2)
        for text in (name, *said):
            self.assertIn(text, process.stderr)
        self.assertEqual(answered(self.server.stats()), before)

    def complete(self, *arguments, paid_again=CALLS_LOST, replies=REPLIES):
        self.assert_exit(self.run_engine(*PIPELINE.command, *arguments), 0)
        self.assertLessEqual(answered(self.server.stats()), self.calls + paid_again)
        self.check_whole(PIPELINE, self.whole, replies)

    def complete_with_other_replies(self):
        self.complete("--cache", "other.db", paid_again=EVERYTHING, replies="other.db")

    def complete_or_refused(self, name, mend, paid_again=CALLS_LOST):
        process = self.run_engine(*PIPELINE.command)
        if process.returncode == 0:
            self.complete(paid_again=paid_again)
            return
        self.assert_exit(process, 2)
        self.assertIn(name, process.stderr)
        mend()

    def begin_again(self):
        self.complete("--fresh")

    def test_state_cut_short(self):
        self.fold_log(STATE)
        self.cut(STATE, 0.5)
        self.refused(STATE, "is damaged", "--fresh")
        self.complete("--fresh")

    def test_state_is_empty(self):
        self.fold_log(STATE)
        self.cut(STATE, 0)
        self.complete_or_refused(STATE, self.begin_again)

    def test_log_of_state_cut_short(self):
        self.cut(STATE + "-wal", 0.7)
        self.complete_or_refused(STATE, self.begin_again)

    def test_log_of_state_is_gone(self):
        (self.folder / (STATE + "-wal")).unlink()
        self.complete_or_refused(STATE, self.begin_again)

    def test_state_of_a_newer_program(self):
        self.make_newer(STATE)
        self.refused(STATE, "newer rare-engine", "--state-dir")
        self.complete("--fresh")

    def test_replies_cut_short(self):
        self.fold_log(REPLIES)
        self.cut(REPLIES, 0.5)
        self.refused(REPLIES, "is damaged", "paid again")
        self.complete_with_other_replies()

    def test_log_of_replies_cut_short(self):
        self.cut(REPLIES + "-wal", 0.5)
        self.complete_or_refused(REPLIES, self.complete_with_other_replies, EVERYTHING)

    def test_replies_of_a_newer_program(self):
        self.make_newer(REPLIES)
        self.refused(REPLIES, "newer rare-engine", "--cache")
        self.complete_with_other_replies()

    def make_newer(self, name):
        connection = sqlite3.connect(self.folder / name)
        connection.execute("PRAGMA user_version = 99")
        connection.close()


if __name__ == "__main__":
    unittest.main()
