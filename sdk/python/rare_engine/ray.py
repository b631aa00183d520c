"""Runs a pipeline as shards that Ray places: it starts them where there is room, and again where a worker or a node was lost.

What a record becomes, and that each is written once, rests on the shards alone (docs/scale-out.md); records never pass through Ray.
The folder `out`, the pipeline and its input must be at the same paths on every node, and rare-engine be installed there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Iterable, Mapping, Optional

import ray

from rare_engine.engine import COMPLETE, DEAD_LETTERS, RunFailed, StrPath, Words, find_engine, follow, named, words_of

BETWEEN_LOOKS_S, BETWEEN_LINES_S, LONGEST_CLOSING_S = 1.0, 10.0, 60.0


class ShardLost(RuntimeError):
    """An attempt at a shard failed in a way that another may mend; Ray begins it again."""


class _Board:
    """What the shards said last of their progress, at one place."""

    def __init__(self) -> None:
        self.said: dict[int, Words] = {}

    def tell(self, shard: int, progress: Words) -> None:
        self.said[shard] = progress

    def all(self) -> dict[int, Words]:
        return self.said


def _attempt(shard: int, command: list[str], cwd: str, environment: Mapping[str, str], local: Optional[str], board: Any) -> int:
    """The exit code of a shard that is complete. Runs on a worker of Ray; cancelled by KeyboardInterrupt."""
    # SQLite is for a disk of the node's own. What an attempt paid for is in `out`, where the next one finds it.
    with tempfile.TemporaryDirectory(prefix="rare-shard-", dir=local, ignore_cleanup_errors=True) as own:
        exit_code, lines = follow([find_engine(command[0]), *command[1:], "--state-dir", f"{own}/state", "--cache", f"{own}/replies.db"], cwd,
                                  {**os.environ, **environment}, lambda progress: board.tell.remote(shard, progress))
    if exit_code in (COMPLETE, DEAD_LETTERS):
        return exit_code
    failed = RunFailed(exit_code, lines)
    if failed.may_be_repeated:
        raise ShardLost(f"shard {shard}: {failed}")
    raise failed


def run(pipeline: StrPath, *, out: StrPath, shards: int, cpus_per_shard: float = 2, attempts: int = 6, overlays: Iterable[StrPath] = (),
        settings: Optional[Words] = None, plugin_path: Iterable[StrPath] = (), engine: Optional[StrPath] = None,
        environment: Optional[Mapping[str, str]] = None, local: Optional[StrPath] = None,
        on_progress: Optional[Callable[[dict[int, Words], int], None]] = None) -> int:
    """Runs all shards and closes the output in `out`; returns the exit code of `rare-engine finish`. Called again, it begins only what
    is missing: also after this process was killed. Connects to Ray by ray.init() unless that was done.

    shards: into how many parts the input falls, once and for all; many more than nodes, so that a lost one costs little.
    cpus_per_shard: what Ray keeps free for each. attempts: of each shard in this call.
    pipeline, overlays, settings, plugin_path, engine, environment: as for rare_engine.run, of each shard; paths may not be relative
        to anything but the present working directory.
    local: a folder on each node's own disk, for the state of a shard while it runs; left out: the system's for temporary files.
    on_progress: called each second with what each shard that runs here said last, and how many are complete; left out: a line
        on standard error every ten seconds.

    Raises RunFailed where a shard ended in a way that another attempt cannot mend, and ShardLost where none of the attempts
    succeeded. Whatever ends it, KeyboardInterrupt too, cancels the shards, which end in order.
    """
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    pipeline = os.path.abspath(pipeline)
    chosen = [os.fspath(pipeline), *named("-f", map(os.path.abspath, overlays)), *words_of(settings)]
    command = [os.fspath(engine or os.environ.get("RARE_ENGINE") or "rare-engine"), "run", *chosen,
               *named("--plugin-path", map(os.path.abspath, plugin_path)), "--out", os.path.abspath(out)]
    here = ray.get_runtime_context().get_node_id()
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=True)
    board = ray.remote(_Board).options(num_cpus=0, scheduling_strategy=place).remote()
    attempt = ray.remote(_attempt).options(num_cpus=cpus_per_shard, max_retries=attempts - 1, retry_exceptions=[ShardLost])
    left = [attempt.remote(shard, [*command, "--shard", f"{shard}/{shards}"], os.getcwd(), dict(environment or {}),
                           None if local is None else os.fspath(local), board)
            for shard in range(shards)]
    try:
        _follow_all(left, board, on_progress or _Lines(shards))
    except ray.exceptions.RayTaskError as error:
        _cancel(left)
        raise error.cause if isinstance(error.cause, (RunFailed, ShardLost)) else error
    except BaseException:
        _cancel(left)
        raise
    finally:
        ray.kill(board)  # type: ignore[arg-type]  # of what remote() gives, says its stub
    return subprocess.run([find_engine(engine), "finish", os.path.abspath(out)], stdin=subprocess.DEVNULL, check=False).returncode


def _cancel(tasks: list[Any]) -> None:
    for task in tasks:
        ray.cancel(task)
    ray.wait(tasks, num_returns=len(tasks), timeout=LONGEST_CLOSING_S)


def _follow_all(left: list[Any], board: Any, on_progress: Callable[[dict[int, Words], int], None]) -> None:
    all_of_them = len(left)
    while left:
        done, rest = ray.wait(left, num_returns=len(left), timeout=BETWEEN_LOOKS_S)
        for task in done:
            ray.get(task)
            left.remove(task)
        try:
            said = ray.get(board.all.remote(), timeout=BETWEEN_LOOKS_S)
        except ray.exceptions.RayError:  # seeing is not worth an end
            said = {}
        on_progress(said, all_of_them - len(rest))


class _Lines:
    def __init__(self, shards: int) -> None:
        self.shards, self.due = shards, time.monotonic()

    def __call__(self, said: dict[int, Words], complete: int) -> None:
        if time.monotonic() < self.due and complete < self.shards:
            return
        self.due = time.monotonic() + BETWEEN_LINES_S
        finished = sum(progress.get("finished", 0) for progress in said.values())
        rate = sum(progress.get("finished_per_s", 0) for progress in said.values())
        told = f"; {finished:,} records finished in those that told, {rate:,.1f}/s" if finished else ""
        print(f"{complete} of {self.shards} shards are complete{told}", file=sys.stderr, flush=True)
