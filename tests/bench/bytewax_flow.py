"""The work of engine_bench's row `hops` in Bytewax: JSON Lines, three steps that do nothing, JSON Lines.

Reads in.jsonl and writes bytewax.jsonl in the working directory.
"""

import bytewax.operators as op
import orjson
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow

flow = Dataflow("hops")
records = op.map("parse", op.input("read", flow, FileSource("in.jsonl", batch_size=1000)), orjson.loads)
for step in range(3):
    records = op.map(f"pass{step}", records, lambda record: record)
rows = op.map("dump", records, lambda record: ("", orjson.dumps(record).decode()))
op.output("write", rows, FileSink("bytewax.jsonl"))
