"""Runs pipelines of rare-engine. Records never pass through Python: the engine is a process of its own."""

from rare_engine.engine import RunFailed, RunResult, find_engine, run

__all__ = ["RunFailed", "RunResult", "find_engine", "run"]
