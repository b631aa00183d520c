#!/usr/bin/env python3
"""Reads `rare-engine plan --format json` from stdin and prints what of the local model it needs:
a line `model` when a service llm.local is to load the demo model, `server` when one is to start the
llama-server of this machine. A service that names its own is left alone."""

import json
import sys

DEMO_MODEL = "gemma-3-270m-q4_k_m.gguf"


def main():
    needed = set()
    for service in json.load(sys.stdin).get("services", []):
        if service.get("use") != "llm.local":
            continue
        parameters = service.get("params") or {}
        if parameters.get("command"):
            continue
        if not parameters.get("server"):
            needed.add("server")
        model = str(parameters.get("model") or "")
        if not model or model.endswith(DEMO_MODEL):
            needed.add("model")
    for thing in sorted(needed):
        print(thing)


if __name__ == "__main__":
    main()
