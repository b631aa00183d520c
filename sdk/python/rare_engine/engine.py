"""The engine as a process: its command line, what it says while it runs, how it ends."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, Union

StrPath = Union[str, "os.PathLike[str]"]
Words = Mapping[str, Any]

# Exit codes of `rare-engine run` that leave a run whose account can be read.
COMPLETE, DEAD_LETTERS, TRY_AGAIN, INTERRUPTED = 0, 3, 4, 130
# Lines of the log that an exception quotes.
LINES_KEPT = 20


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run has done, as `rare-engine status --json` tells it; counts are of all of its starts."""

    exit_code: int  # 0, or 3: complete, with more dead letters than `max_errors` allows
    status: str  # "complete"
    records: Mapping[str, int]  # read, made, copied, written, filtered, merged, dropped, dead
    services: Mapping[str, Words]  # by name: calls, cache_hits, prompt_tokens, completion_tokens, cost, ...
    dead_letters: Sequence[Words]  # by node and reason, and how many records
    results: Sequence[str]  # where the output is
    state_folder: str


class RunFailed(RuntimeError):
    """The engine ended otherwise than with a complete run. What was paid for is kept: a later start of the
    same run goes on."""

    def __init__(self, exit_code: int, lines: Iterable[str]) -> None:
        self.exit_code = exit_code  # of the engine; negative: the signal that ended it
        self.lines = list(lines)  # the last that it said
        super().__init__(f"rare-engine ended with {exit_code}: " + ("\n".join(self.lines) or "it said nothing"))

    @property
    def may_be_repeated(self) -> bool:
        """Whether a later attempt may succeed with nothing changed: the endpoint was gone, the process killed."""
        return self.exit_code in (TRY_AGAIN, INTERRUPTED) or self.exit_code < 0

    def __reduce__(self) -> tuple[Any, ...]:  # across processes
        return RunFailed, (self.exit_code, self.lines)


def find_engine(engine: Optional[StrPath] = None) -> str:
    """`engine`, or the variable RARE_ENGINE, or `rare-engine` of PATH. Raises FileNotFoundError."""
    named = os.fspath(engine or os.environ.get("RARE_ENGINE") or "rare-engine")
    found = shutil.which(named)
    if found is None:
        raise FileNotFoundError(f"no program {named!r}: install rare-engine, or name it by engine= or the variable RARE_ENGINE")
    return found


def run(pipeline: StrPath, *, overlays: Iterable[StrPath] = (), settings: Optional[Words] = None, state_dir: Optional[StrPath] = None,
        cache: Optional[StrPath] = None, plugin_path: Iterable[StrPath] = (), fresh: bool = False, limit: Optional[int] = None,
        engine: Optional[StrPath] = None, cwd: Optional[StrPath] = None, environment: Optional[Mapping[str, str]] = None,
        on_progress: Optional[Callable[[Words], None]] = None, on_log: Optional[Callable[[Words], None]] = None) -> RunResult:
    """Runs a pipeline, or goes on with it, and returns when it is complete; a complete one is not run again.

    pipeline, overlays, settings, state_dir, cache, plugin_path, fresh, limit: as the options of `rare-engine run`; settings are
        values by path, {"nodes.questions.parallelism": 8}.
    engine: the program; see find_engine. cwd: the working directory, in which relative paths begin. environment: variables beside
        those of this process.
    on_progress: called with an object every ten seconds (docs/watching.md lists its keys).
    on_log: called with each line of the log as an object {time, level, node, record, message}; left out: they go to standard error.

    Raises RunFailed where the run is not complete. An exception from a callback, KeyboardInterrupt too, interrupts the engine in
    order: what is in flight is waited for as long as the pipeline's `grace_s` says, and the same call goes on later. A process of
    Python that is killed leaves the engine running.
    """
    chosen = [os.fspath(pipeline), *named("-f", overlays), *words_of(settings)]
    if state_dir is not None:
        chosen += ["--state-dir", os.fspath(state_dir)]
    command = [find_engine(engine), "run", *chosen, *named("--plugin-path", plugin_path)]
    if cache is not None:
        command += ["--cache", os.fspath(cache)]
    if fresh:
        command.append("--fresh")
    if limit is not None:
        command += ["--limit", str(limit)]
    variables = {**os.environ, **(environment or {})}
    exit_code, lines = follow(command, cwd, variables, on_progress, on_log)
    if exit_code not in (COMPLETE, DEAD_LETTERS):
        raise RunFailed(exit_code, lines)
    told = subprocess.run([command[0], "status", *chosen, "--json"], cwd=cwd, env=variables, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise RunFailed(told.returncode, told.stderr.splitlines())
    account = json.loads(told.stdout)
    folder = pathlib.Path(cwd or ".") / account["state_folder"]
    return RunResult(exit_code, account["status"], account["records"], account["services"], account["dead_letters"], account["results"],
                     str(folder))


def follow(command: Sequence[str], cwd: Optional[StrPath], environment: Mapping[str, str],
           on_progress: Optional[Callable[[Words], None]] = None,
           on_log: Optional[Callable[[Words], None]] = None) -> tuple[int, list[str]]:
    """Runs the engine to its end and hands on what it says. Returns its exit code and the last lines of its log."""
    kept: collections.deque[str] = collections.deque(maxlen=LINES_KEPT)
    # A session of its own: Ctrl-C then reaches the engine once, from here.
    process = subprocess.Popen([*command, "--log-format", "json"], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
    assert process.stdout is not None and process.stderr is not None
    results = threading.Thread(target=process.stdout.read, daemon=True)  # what it says there, `status` says, too
    results.start()
    try:
        for line in process.stderr:
            _hand_on(line.rstrip("\n"), kept, on_progress, on_log)
        return process.wait(), list(kept)
    except BaseException:
        process.terminate()
        for line in process.stderr:  # that a full pipe does not keep it from ending
            kept.append(line.rstrip("\n"))
        process.wait()
        raise
    finally:
        results.join()
        process.stdout.close()
        process.stderr.close()


def _hand_on(line: str, kept: "collections.deque[str]", on_progress: Optional[Callable[[Words], None]],
             on_log: Optional[Callable[[Words], None]]) -> None:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):  # a message before the log was set up, or a crash report
        said = {"level": "error", "message": line}
    if "elapsed_s" in said and "level" not in said:
        if on_progress is not None:
            on_progress(said)
        return
    place = said.get("node") or said.get("service")
    text = (f"[{place}] " if place else "") + str(said.get("message", ""))
    kept.append(text)
    if on_log is not None:
        on_log(said)
    else:
        print(f"{said.get('level', 'info')} {text}", file=sys.stderr, flush=True)


def named(option: str, values: Iterable[StrPath]) -> list[str]:
    if isinstance(values, (str, os.PathLike)):
        values = [values]
    return [word for value in values for word in (option, os.fspath(value))]


def words_of(settings: Optional[Words]) -> list[str]:
    words = []
    for path, value in (settings or {}).items():
        words += ["--set", f"{path}={value if isinstance(value, str) else json.dumps(value)}"]
    return words
