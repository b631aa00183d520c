"""What a disk holds after a loss of power, made from the journal of libfault_files.so (write_journal.h)."""

import json
import os
import pathlib
import shutil

from harness import BUILD

LIBRARY = BUILD / "lib" / "libfault_files.so"
BLOCK = 4096  # what a disk writes as one


def faulty_environment(folder):
    """Of processes whose files below `folder`, and whose clock, are as rules_file(folder) says."""
    return {"LD_PRELOAD": str(LIBRARY), "RARE_FAULT_FOLDER": str(folder),
            "RARE_FAULT_RULES": str(rules_file(folder))}


def rules_file(folder):
    """Its lines are those of fault_rules.h; it may come, change and go at any time."""
    return folder.with_suffix(".rules")


class Disk:
    """The disk below `folder`, on which processes with environment() work."""

    def __init__(self, folder, journal):
        self.folder = folder
        self.journal = journal
        self.forget()

    def environment(self):
        return faulty_environment(self.folder) | {"RARE_FAULT_JOURNAL": str(self.journal)}

    def forget(self):
        """From here on all is on disk."""
        shutil.rmtree(self.journal, ignore_errors=True)
        self.journal.mkdir(parents=True)

    def stay_on(self):
        """After the kill of a process whose disk loses nothing yet: what it was about to do it did not."""
        whole = 0
        for whole, _, _ in self.whole_records():
            pass
        if whole > 0:
            os.truncate(self.journal / "journal", whole)
        else:
            self.forget()

    def whole_records(self):
        """(where it ends, record, old bytes) of the journal, oldest first; the last one may be torn."""
        path = self.journal / "journal"
        journal = path.read_bytes() if path.exists() else b""
        at = 0
        while (end := journal.find(b"\n", at)) >= 0:
            record = json.loads(journal[at:end])
            at = end + 1 + record.get("bytes", 0)
            if at > len(journal):
                return
            yield at, record, journal[end + 1:at]

    def records(self):
        """(record, old bytes) of what was not synced, oldest first."""
        changes, synced, synced_folders = [], {}, {}
        for end, record, old in self.whole_records():
            if record["do"] == "sync":
                synced[record["inode"]] = record["up_to"]
            elif record["do"] == "sync_folder":
                synced_folders[record["path"]] = record["up_to"]
            else:
                changes.append((end, record, old))
        lost = []
        for end, record, old in changes:
            if "inode" in record:
                on_disk = synced.get(record["inode"], 0)
            else:
                on_disk = synced_folders.get(os.path.dirname(record["path"]), 0)
            if end > on_disk:
                lost.append((record, old))
        return lost

    def lose_power(self, chance=None):
        """Takes back what was not synced: all of it, or, with `chance`, what chance wants: any block of
        any write, and names from some moment on. How many changes were not synced."""
        lost = self.records()
        names = [record for record, _ in lost if "inode" not in record]
        kept_names = chance.randint(0, len(names)) if chance else 0
        files = self.open_files()
        try:
            kept_bytes = take_back_bytes([change for change in lost if "inode" in change[0]], files)
            for record in reversed(names[kept_names:]):
                take_back_name(record)
            if chance:
                share = chance.choice([0.1, 0.5, 0.9])
                put_some_bytes(kept_bytes, files, lambda: chance.random() < share)
        finally:
            for descriptor in files.values():
                os.close(descriptor)
        for path in self.folder.rglob("*-shm"):
            path.unlink()
        self.forget()
        return len(lost)

    def open_files(self):
        files = {}
        for top in (self.folder, self.journal):
            for path in top.rglob("*"):
                if path.is_file() and path.stat().st_ino not in files:
                    files[path.stat().st_ino] = os.open(path, os.O_RDWR)
        return files


def take_back_bytes(changes, files):
    """Undoes the changes; gives them, oldest first, with the bytes that they had brought."""
    undone = []
    for record, old in reversed(changes):
        descriptor = files.get(record["inode"])
        if descriptor is None:
            continue  # removed for good
        if record["do"] == "write":
            new = os.pread(descriptor, record["length"], record["at"])
            os.pwrite(descriptor, old, record["at"])
        else:
            new = None
            os.pwrite(descriptor, old, record["to"])
        os.ftruncate(descriptor, record["size"])
        undone.append((record, new))
    return undone[::-1]


def put_some_bytes(changes, files, wanted):
    for record, new in changes:
        descriptor = files[record["inode"]]
        if new is None:
            if wanted():
                os.ftruncate(descriptor, record["to"])
            continue
        at, end = record["at"], record["at"] + len(new)
        while at < end:
            block_end = min(end, (at // BLOCK + 1) * BLOCK)
            if wanted():
                os.pwrite(descriptor, new[at - record["at"]:block_end - record["at"]], at)
            at = block_end


def take_back_name(record):
    path = pathlib.Path(record["path"])
    if record["do"] == "make":
        # A folder may hold temporary files that nobody journaled.
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    elif record["do"] == "remove":
        if record.get("folder"):
            path.mkdir(mode=0o700, exist_ok=True)
        elif record["kept"] and path.parent.is_dir() and not path.exists():  # else its folder is synced away
            os.link(record["kept"], path)
    elif record["do"] == "rename":
        # The journal says what was about to be done: it may not have come to that.
        if not path.exists() and pathlib.Path(record["to"]).exists():
            os.rename(record["to"], path)
            if record["kept"]:
                os.link(record["kept"], record["to"])
