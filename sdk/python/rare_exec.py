"""Programs of basic.exec in Python (docs/exec.md).

    def process(record):                 # in words.py
        record["words"] = len(record["text"].split())
        return record                    # or a list of records; or None, which filters it

    command: [python3, rare_exec.py, words.py]    # in the pipeline; or call serve(process) yourself

An exception makes the record a dead letter. What is printed goes to the log.
"""
import json
import os
import runpy
import sys


def serve(process, in_batches=False):
    """Answers until the input ends. With `in_batches`, process(records) gets and gives lists: those of one line."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what anybody prints must not stand between the answers
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        asked = asked if isinstance(asked, list) else [asked]
        records = [one["record"] for one in asked]
        try:
            results = process(records) if in_batches else [_result(process, record) for record in records]
            if len(results) != len(records):
                raise ValueError(f"{len(results)} results for {len(records)} records")
        except Exception as error:  # pylint: disable=broad-except
            results = [error] * len(records)
        answers.writelines(_answer(one["id"], result) for one, result in zip(asked, results))
        answers.flush()


def _result(process, record):
    try:
        return process(record)
    except Exception as error:  # pylint: disable=broad-except
        return error


def _answer(identity, result):
    name = "error" if isinstance(result, Exception) else "record" if isinstance(result, dict) else "records"
    value = f"{type(result).__name__}: {result}" if name == "error" else [] if result is None else result
    try:
        return json.dumps({"id": identity, name: value}, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        return json.dumps({"id": identity, "error": f"no JSON can be made of the result: {error}"}) + "\n"


if __name__ == "__main__":
    script = runpy.run_path(sys.argv[1])
    serve(script.get("process_batch") or script["process"], in_batches="process_batch" in script)
