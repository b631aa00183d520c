#!/usr/bin/env python3
"""bm25_peers PEER CORPUS.jsonl FOLDER NAME=QUERIES...: what bm25_rate does, by bm25s (numba) or tantivy.

Prints one JSON object. Each has an analysis of its own: English stop words and stems.
"""

import concurrent.futures
import json
import sys
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


def main():
    peer, corpus, folder, *named = sys.argv[1:]
    with open(corpus, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    build_s, search = {"bm25s": bm25s, "tantivy": tantivy}[peer](texts, folder)
    result = {"build_s": build_s, "queries": {}}
    for name, path in (argument.split("=", 1) for argument in named):
        with open(path, encoding="utf-8") as lines:
            queries = lines.read().splitlines()
        result["queries"][name] = {
            str(threads): best(lambda some, threads=threads: search(some, threads), queries) for threads in (1, 2)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
