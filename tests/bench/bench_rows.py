"""Benchmarks whose rows are chosen by name: each figure is told at once, and all are kept for the file of results."""

import argparse
import pathlib
import shutil
import tempfile


class Rows:
    """What was measured so far."""

    WIDTHS = (44, 10, 10)  # of name, value and bar

    def __init__(self):
        self.rows = []

    def row(self, name, value, bar="", ok=None, **more):
        """`ok`: whether the bar is reached; None: there is none."""
        self.rows.append({"name": name, "value": value, "bar": bar, "ok": ok, **more})
        shown = "  ".join(f"{key} {number:.4g}" if isinstance(number, float) else f"{key} {number}" for key, number in more.items())
        verdict = "" if ok is None else "ok  " if ok else "MISS"
        of_name, of_value, of_bar = self.WIDTHS
        print(f"{name:{of_name}} {value:>{of_value}}  {bar:{of_bar}} {verdict:4}  {shown}", flush=True)


def parser_of(name, text, rows):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, help=f"where {name}.json goes")
    parser.add_argument("--rows", default=",".join(rows), help="which, separated by commas")
    return parser


def run_chosen(parser, name, bench, rows):
    """(options, bench) after the chosen `rows` (functions of a bench, by name) of `bench(folder, options)` ran in a
    folder of their own."""
    options = parser.parse_args()
    if unknown := set(options.rows.split(",")) - set(rows):
        parser.error(f"no rows named {', '.join(unknown)}; there are: {', '.join(rows)}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=options.folder))
    try:
        made = bench(folder, options)
        for row in options.rows.split(","):
            rows[row](made)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return options, made
