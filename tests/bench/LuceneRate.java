// LuceneRate CORPUS.jsonl FOLDER HITS|- NAME=QUERIES...: what bm25_rate does, by Lucene: EnglishAnalyzer,
// BM25 with k1 0.9 and b 0.4, an index of one segment in FOLDER. Prints one JSON object; the hits of
// all queries go to HITS. `java -cp JARS LuceneRate.java ...` needs no compiling.
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.MMapDirectory;

public class LuceneRate {
  static final int HITS = 20;
  static final int ROUNDS = 8;

  static Query parse(Analyzer analyzer, String text) throws Exception {
    Map<String, Integer> counts = new LinkedHashMap<>();
    try (TokenStream tokens = analyzer.tokenStream("text", text)) {
      CharTermAttribute term = tokens.addAttribute(CharTermAttribute.class);
      tokens.reset();
      while (tokens.incrementToken()) counts.merge(term.toString(), 1, Integer::sum);
      tokens.end();
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    for (Map.Entry<String, Integer> entry : counts.entrySet()) {
      Query one = new TermQuery(new Term("text", entry.getKey()));
      if (entry.getValue() > 1) one = new BoostQuery(one, entry.getValue());
      query.add(one, BooleanClause.Occur.SHOULD);
    }
    return query.build();
  }

  // The best of some rounds: queries a second, and microseconds of processor time a query.
  static String rate(IndexSearcher searcher, Analyzer analyzer, List<String> queries, int threads)
      throws Exception {
    double best = Double.MAX_VALUE;
    double bestCpu = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; ++round) {
      AtomicInteger next = new AtomicInteger();
      AtomicLong cpu = new AtomicLong();
      List<Thread> workers = new ArrayList<>();
      long begin = System.nanoTime();
      for (int i = 0; i < threads; ++i) {
        Thread worker = new Thread(() -> {
          try {
            for (int at = next.getAndIncrement(); at < queries.size(); at = next.getAndIncrement()) {
              searcher.search(parse(analyzer, queries.get(at)), HITS);
            }
            cpu.addAndGet(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());
          } catch (Exception error) {
            throw new RuntimeException(error);
          }
        });
        worker.start();
        workers.add(worker);
      }
      for (Thread worker : workers) worker.join();
      best = Math.min(best, (System.nanoTime() - begin) / 1e9);
      bestCpu = Math.min(bestCpu, cpu.get() / 1e3);
    }
    return "{\"per_s\": " + queries.size() / best + ", \"cpu_us\": " + bestCpu / queries.size() + "}";
  }

  // The corpus has one string a line, escaped as JSON.
  static String text(String line) {
    StringBuilder text = new StringBuilder();
    int at = line.indexOf(':') + 1;
    at = line.indexOf('"', at) + 1;
    for (int end = line.lastIndexOf('"'); at < end; ++at) {
      char c = line.charAt(at);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escaped = line.charAt(++at);
      switch (escaped) {
        case 'u':
          text.append((char) Integer.parseInt(line.substring(at + 1, at + 5), 16));
          at += 4;
          break;
        case 'n': text.append('\n'); break;
        case 't': text.append('\t'); break;
        case 'r': text.append('\r'); break;
        case 'b': text.append('\b'); break;
        case 'f': text.append('\f'); break;
        default: text.append(escaped);
      }
    }
    return text.toString();
  }

  static long build(Path corpus, MMapDirectory directory, Analyzer analyzer) throws Exception {
    List<String> texts = new ArrayList<>();
    for (String line : Files.readAllLines(corpus)) texts.add(text(line));
    long begin = System.nanoTime();
    IndexWriterConfig config = new IndexWriterConfig(analyzer);
    config.setSimilarity(new BM25Similarity(0.9f, 0.4f));
    config.setRAMBufferSizeMB(256);
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (String text : texts) {
        Document document = new Document();
        document.add(new TextField("text", text, Field.Store.NO));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
    }
    return System.nanoTime() - begin;
  }

  public static void main(String[] arguments) throws Exception {
    Analyzer analyzer = new EnglishAnalyzer();
    StringBuilder json = new StringBuilder();
    try (MMapDirectory directory = new MMapDirectory(Path.of(arguments[1]))) {
      double seconds = build(Path.of(arguments[0]), directory, analyzer) / 1e9;
      long bytes = 0;
      for (String file : directory.listAll()) bytes += directory.fileLength(file);
      json.append("{\"build_s\": " + seconds + ", \"file_bytes\": " + bytes + ", \"queries\": {");
      IndexSearcher searcher = new IndexSearcher(DirectoryReader.open(directory));
      searcher.setSimilarity(new BM25Similarity(0.9f, 0.4f));
      searcher.setQueryCache(null);
      PrintWriter hits = arguments[2].equals("-") ? null : new PrintWriter(arguments[2]);
      for (int i = 3; i < arguments.length; ++i) {
        String[] named = arguments[i].split("=", 2);
        List<String> queries = Files.readAllLines(Path.of(named[1]));
        rate(searcher, analyzer, queries, 1);  // the compiler warms up
        json.append((i == 3 ? "" : ", ") + "\"" + named[0] + "\": {");
        for (int threads = 1; threads <= 2; ++threads) {
          json.append((threads == 1 ? "" : ", ") + "\"" + threads + "\": "
              + rate(searcher, analyzer, queries, threads));
        }
        json.append("}");
        for (String query : hits == null ? List.<String>of() : queries) {
          for (ScoreDoc hit : searcher.search(parse(analyzer, query), HITS).scoreDocs) {
            hits.printf("%d:%08x ", hit.doc, Float.floatToIntBits(hit.score));
          }
          hits.println();
        }
      }
      if (hits != null) hits.close();
    }
    System.out.println(json + "}}");
  }
}
