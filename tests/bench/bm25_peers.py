#!/usr/bin/env python3
"""bm25_peers PEER CORPUS.jsonl FOLDER NAME=QUERIES...: what bm25_rate does, by bm25s (numba), tantivy or PISA.

Prints one JSON object. Each has an analysis of its own: English stop words and stems.
"""

import concurrent.futures
import ctypes
import importlib.util
import json
import os
import pathlib
import sys
import threading
import time

HITS, ROUNDS = 20, 2


def best(run, queries):
    times, processor_times = [], []
    for _ in range(ROUNDS):
        begin, processor = time.perf_counter(), time.process_time()
        run(queries)
        times.append(time.perf_counter() - begin)
        processor_times.append(time.process_time() - processor)
    return {"per_s": len(queries) / min(times), "cpu_us": min(processor_times) * 1e6 / len(queries)}


def bm25s(texts, _folder):
    import bm25s as library
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(lines, **more):
        return library.tokenize(lines, stopwords="en", stemmer=stemmer, show_progress=False, **more)

    begin = time.perf_counter()
    index = library.BM25(method="lucene", k1=0.9, b=0.4, backend="numba")
    index.index(tokens(texts), show_progress=False)
    build_s = time.perf_counter() - begin

    def search(queries, threads):
        index.retrieve(tokens(queries), k=HITS, n_threads=threads, show_progress=False)

    search(["warm up"], 1)
    return build_s, search


def tantivy(texts, folder):
    import tantivy as library

    schema = library.SchemaBuilder().add_text_field("text", stored=False, tokenizer_name="en_stem").build()
    begin = time.perf_counter()
    index = library.Index(schema, path=folder)
    writer = index.writer(num_threads=2)
    for text in texts:
        writer.add_document(library.Document(text=text))
    writer.commit()
    writer.wait_merging_threads()
    build_s = time.perf_counter() - begin
    index.reload()
    searcher = index.searcher()

    def one(query):
        searcher.search(index.parse_query(query, ["text"]), HITS)

    def search(queries, threads):
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, queries))

    return build_s, search


# What PISA can search long and short queries with; the fastest for the queries counts.
PISA_ALGORITHMS = ("maxscore", "block_max_maxscore", "wand", "block_max_wand")


def pisa_extension():
    """PISA without pyterrier, which wants a Java: its extension alone, and the TBB of 2020 that it links."""
    tbb = pathlib.Path(sys.prefix) / "lib/libtbb.so.2"
    ctypes.CDLL(str(tbb), mode=ctypes.RTLD_GLOBAL)
    package = importlib.util.find_spec("pyterrier_pisa")
    sys.path.insert(0, str(pathlib.Path(package.origin).parent))
    import _pisathon
    return _pisathon


def pisa(texts, folder):
    import numpy

    # It prints what it does to both streams, which are this program's result and its errors.
    result = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    library = pisa_extension()
    place, fifo, stop_words = (os.path.join(folder, name) for name in ("pisa", "fifo", "stop_words"))
    os.mkdir(place)
    os.mkfifo(fifo)
    with open(stop_words, "w", encoding="utf-8") as words:
        words.write("a an and are as at be but by for if in into is it no not of on or such that the their then there "
                    "these they this to was will with".replace(" ", "\n"))

    def feed():
        with open(fifo, "w", encoding="utf-8") as lines:
            for number, text in enumerate(texts):
                lines.write(f"{number} {' '.join(text.split())}\n")

    begin = time.perf_counter()
    threading.Thread(target=feed, daemon=True).start()
    library.index(fifo, place, "porter2", 100_000, 2)
    context = library.RetrievalContext()
    library.prepare_index(context, place, "block_simdbp", "bm25", "porter2", quantize=0, stop_fname=stop_words,
                          bm25_k1=0.9, bm25_b=0.4)
    build_s = time.perf_counter() - begin
    os.dup2(result, 1)

    def ask(queries, threads, algorithm):
        room = len(queries) * HITS
        library.retrieve(context, algorithm, list(enumerate(queries)), k=HITS, threads=threads, query_weighted=0,
                         pretokenised=False, result_qidxs=numpy.empty(room, dtype=numpy.int32),
                         result_docnos=numpy.empty(room, dtype=object), result_ranks=numpy.empty(room, dtype=numpy.int32),
                         result_scores=numpy.empty(room, dtype=numpy.float32))

    fastest = {}

    def search(queries, threads):
        if queries[0] not in fastest:
            def seconds(algorithm):
                begin = time.perf_counter()
                ask(queries[:200], 1, algorithm)
                return time.perf_counter() - begin
            fastest[queries[0]] = min(PISA_ALGORITHMS, key=seconds)
        ask(queries, threads, fastest[queries[0]])

    return build_s, search


def main():
    peer, corpus, folder, *named = sys.argv[1:]
    with open(corpus, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    build_s, search = {"bm25s": bm25s, "tantivy": tantivy, "pisa": pisa}[peer](texts, folder)
    result = {"build_s": build_s, "queries": {}}
    for name, path in (argument.split("=", 1) for argument in named):
        with open(path, encoding="utf-8") as lines:
            queries = lines.read().splitlines()
        result["queries"][name] = {
            str(threads): best(lambda some, threads=threads: search(some, threads), queries) for threads in (1, 2)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
