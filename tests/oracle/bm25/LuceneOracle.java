import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.MultiDocValues;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.SmallFloat;
import org.apache.lucene.util.Version;

/**
 * Asks Lucene what the plugin bm25 should say, and writes it down for tests.
 *
 * <p>LuceneOracle IN OUT [large [DICTIONARY]]: reads lines.txt and contexts.txt in IN, writes the
 * fixtures to OUT: a small set that is checked in, or a large one of the same form. Everything is
 * derived from fixed seeds, so the same Lucene writes the same files.
 */
public final class LuceneOracle {
  private static final int HITS = 20;
  private static final String FIELD = "text";

  private final Path in;
  private final Path out;
  private final boolean large;
  private final String dictionary;

  private LuceneOracle(String[] arguments) {
    in = Path.of(arguments[0]);
    out = Path.of(arguments[1]);
    large = arguments.length > 2 && arguments[2].equals("large");
    dictionary = arguments.length > 3 ? arguments[3] : null;
  }

  public static void main(String[] arguments) throws IOException {
    LuceneOracle oracle = new LuceneOracle(arguments);
    Files.createDirectories(oracle.out);
    oracle.tokens();
    oracle.stems();
    oracle.lengths();
    oracle.decoding();
    oracle.scores();
    // Lucene 8 knows an older Unicode than the plugin; what differs is asked of Lucene 9 or later.
    if (Version.LATEST.major >= 9) {
      oracle.unicode12();
      oracle.corpora();
    }
  }

  private PrintWriter open(String name) throws IOException {
    return new PrintWriter(Files.newBufferedWriter(out.resolve(name), StandardCharsets.UTF_8));
  }

  // White space, controls, format characters and backslashes become \\u{HEX}.
  private static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints().forEach(c -> {
      int type = Character.getType(c);
      boolean plain = c != '\\' && !Character.isWhitespace(c) && !Character.isSpaceChar(c)
          && type != Character.CONTROL && type != Character.FORMAT && type != Character.SURROGATE
          && type != Character.UNASSIGNED && type != Character.PRIVATE_USE;
      if (plain) {
        escaped.appendCodePoint(c);
      } else {
        escaped.append("\\u{").append(Integer.toHexString(c)).append('}');
      }
    });
    return escaped.toString();
  }

  // Everything but letters, digits and punctuation of ASCII becomes \\u{HEX}: the same whatever
  // Unicode the Java at hand knows.
  private static String asciiEscape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints().forEach(c -> {
      if (c > ' ' && c < 0x7f && c != '\\') {
        escaped.appendCodePoint(c);
      } else {
        escaped.append("\\u{").append(Integer.toHexString(c)).append('}');
      }
    });
    return escaped.toString();
  }

  private static String unescape(String line) {
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < line.length(); ) {
      if (line.startsWith("\\u{", at)) {
        int end = line.indexOf('}', at);
        text.appendCodePoint(Integer.parseInt(line.substring(at + 3, end), 16));
        at = end + 1;
      } else if (line.startsWith("\\x{", at)) {  // \\x{COUNT,TEXT}: TEXT, COUNT times
        int end = line.indexOf('}', at);
        String[] parts = line.substring(at + 3, end).split(",", 2);
        text.append(parts[1].repeat(Integer.parseInt(parts[0])));
        at = end + 1;
      } else {
        text.append(line.charAt(at++));
      }
    }
    return text.toString();
  }

  private static List<String> terms(Analyzer analyzer, String text) throws IOException {
    List<String> terms = new ArrayList<>();
    try (TokenStream stream = analyzer.tokenStream(FIELD, text)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      while (stream.incrementToken()) terms.add(term.toString());
      stream.end();
    }
    return terms;
  }

  private static Map<String, Analyzer> analyzers() {
    Map<String, Analyzer> analyzers = new LinkedHashMap<>();
    analyzers.put("english", new EnglishAnalyzer());
    analyzers.put("standard", new StandardAnalyzer());
    analyzers.put("whitespace", new WhitespaceAnalyzer());
    analyzers.put("cjk", new CJKAnalyzer());
    return analyzers;
  }

  // Name, text, terms, and for each term where it stands: "begin-end" in UTF-16 units.
  private static void writeTokens(PrintWriter writer, String name, Analyzer analyzer, String text,
      UnaryOperator<String> escape) throws IOException {
    StringBuilder terms = new StringBuilder();
    StringBuilder places = new StringBuilder();
    try (TokenStream stream = analyzer.tokenStream(FIELD, text)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      OffsetAttribute offset = stream.addAttribute(OffsetAttribute.class);
      stream.reset();
      for (String space = ""; stream.incrementToken(); space = " ") {
        terms.append(space).append(escape.apply(term.toString()));
        places.append(space).append(offset.startOffset()).append('-').append(offset.endOffset());
      }
      stream.end();
    }
    writer.print(name + "\t" + escape.apply(text) + "\t" + terms + "\t" + places + "\n");
  }

  // Every class of the word-break rules, each with characters of two planes where there are any.
  private static final String ALPHABET =
      "aZy9s.,'\u2019:;_\u203f\"#*-\u00a0 \n\u00ad\u0308\u200d\u200b\ufe0e\ufe0f\u20e3"
      + "\u05d0\u05d1\u0627\u0664\u30a2\u30fc\uff71\u6f22\u5b57\u3005\u3042\u3093\ud55c\u1100"
      + "\u0e01\u0e34\u0e50\u1780\u1000\u0eb4\uff11\uff21\u00b7\u0387\u055f\u00e9\u0130\u03a3"
      + "\u2139\u00a9\u2603\u263a\u261d\u231a\u3030\u303d\ufffd\ufffc"
      + "\ud83d\ude00\ud83d\udc4d\ud83c\udff4\ud83c\udde9\ud83c\uddea\ud835\udd38\ud801\udc00"
      + "\ud840\udc00\ud82c\udc00\udb40\udc67\udb40\udc7f";
  // What came or changed between Unicode 9 and 12.1.
  private static final String NEWER =
      "\ud83c\udffb\ud83c\udfff\u07fd\u1c90\ud83e\udd70\ud83e\uddb0\ud806\udd00\u32ff\u09fc";

  // What pairs of characters are made of, and what parts or folds them.
  private static final String ALPHABET_OF_CJK =
      "\u6f22\u5b57\u3005\u3007\u3042\u3093\u30ab\u30ac\u30cf\u30d2\u30f0\u30fc\u30fd\u3099\uff76\uff8a"
      + "\uff73\uff9c\uff66\uff9e\uff9f\uff70\ud55c\uae00\u1112\u119e\uffa1\u0301\u200d\ufe0f\u00ad _.'a"
      + "\u30fb\uff65\uff21\uff54\uff11\ud840\udc00\ud82c\udc00\u0130\u3002";

  private static List<String> randomLines(String alphabet, long seed, int count) {
    int[] points = alphabet.codePoints().toArray();
    Random random = new Random(seed);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder line = new StringBuilder();
      int length = 3 + random.nextInt(14);
      for (int j = 0; j < length; j++) line.appendCodePoint(points[random.nextInt(points.length)]);
      lines.add(line.toString());
    }
    return lines;
  }

  private void tokens() throws IOException {
    try (PrintWriter writer = open("tokens.tsv")) {
      for (String escaped : Files.readAllLines(in.resolve("lines.txt"), StandardCharsets.UTF_8)) {
        String text = unescape(escaped);
        for (Map.Entry<String, Analyzer> each : analyzers().entrySet()) {
          writeTokens(writer, each.getKey(), each.getValue(), text, LuceneOracle::escape);
        }
      }
      Analyzer english = new EnglishAnalyzer();
      Analyzer cjk = new CJKAnalyzer();
      for (String line : randomLines(ALPHABET, 1, large ? 300_000 : 1_000)) {
        writeTokens(writer, "english", english, line, LuceneOracle::escape);
      }
      for (String line : randomLines(ALPHABET_OF_CJK, 5, large ? 100_000 : 300)) {
        writeTokens(writer, "cjk", cjk, line, LuceneOracle::escape);
      }
    }
  }

  // Each line by all analyzers.
  private void difficultTokens() throws IOException {
    Map<String, Analyzer> analyzers = analyzers();
    DifficultText text = new DifficultText(6);
    try (PrintWriter writer = open("tokens_difficult.tsv")) {
      for (int i = 0; i < (large ? 50_000 : 100); i++) {
        String line = text.line();
        for (Map.Entry<String, Analyzer> each : analyzers.entrySet()) {
          writeTokens(writer, each.getKey(), each.getValue(), line, LuceneOracle::asciiEscape);
        }
      }
    }
  }

  private void unicode12() throws IOException {
    try (PrintWriter writer = open("tokens_unicode12.tsv")) {
      Analyzer english = new EnglishAnalyzer();
      for (String line : randomLines(ALPHABET + NEWER + NEWER, 2, large ? 300_000 : 500)) {
        writeTokens(writer, "english", english, line, LuceneOracle::escape);
      }
    }
    difficultTokens();
    codePoints();
  }

  // Where Lucene breaks around each code point, in each of a few dozen contexts: one hash (FNV-1a of
  // the tokens' offsets) for a range of code points.
  private void codePoints() throws IOException {
    String contexts = Files.readString(in.resolve("contexts.txt"), StandardCharsets.UTF_8);
    StandardTokenizer tokenizer = new StandardTokenizer();
    OffsetAttribute offset = tokenizer.addAttribute(OffsetAttribute.class);
    try (PrintWriter writer = open("code_points.tsv")) {
      int first = 0;
      long current = 0;
      for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
        if (c == Character.MIN_SURROGATE) c = Character.MAX_SURROGATE + 1;
        tokenizer.setReader(new StringReader(contexts.replace("X", Character.toString(c))));
        tokenizer.reset();
        long hash = 0xcbf29ce484222325L;
        while (tokenizer.incrementToken()) {
          hash = (hash ^ offset.startOffset()) * 0x100000001b3L;
          hash = (hash ^ offset.endOffset()) * 0x100000001b3L;
        }
        tokenizer.end();
        tokenizer.close();
        if (c == 0) current = hash;
        if (hash != current) {
          writer.printf("%x\t%016x\n", first, current);
          first = c;
          current = hash;
        }
      }
      writer.printf("%x\t%016x\n", first, current);
    }
  }

  private static final String[] ROOTS = {
      "rel", "oper", "nation", "sens", "vital", "cond", "digit", "conform", "radic", "differ",
      "analog", "geolog", "vile", "hop", "hopp", "tann", "fall", "hiss", "fizz", "fail", "fil",
      "happ", "sky", "enjoy", "cry", "agre", "feed", "bled", "motor", "sing", "conflat", "troubl",
      "siz", "gyroscop", "adopt", "homolog", "irrit", "replac", "adjust", "depend", "commun",
      "activ", "angular", "effect", "bowdler", "prob", "rat", "ceas", "controll", "roll", "tr",
      "ee", "y", "by", "s", "ies", "caf\u00e9", "\ud835\udd38", "na\u00efv", "x", "toy", "snow",
      "box", "tray", "yyy", "syzyg", "abl", "logi", "bli"};
  private static final String[] SUFFIXES = {
      "", "s", "es", "sses", "ies", "ss", "eed", "ed", "ing", "ated", "bled", "ized", "y", "ational",
      "tional", "enci", "anci", "izer", "bli", "ably", "alli", "entli", "eli", "ousli", "ization",
      "ation", "ator", "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "logi",
      "logy", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al", "ance", "ence", "er",
      "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion", "ion", "ou", "ism", "ate",
      "iti", "ous", "ive", "ize", "e", "l", "ll", "le", "ally", "ently", "ously", "ability",
      "ivities", "izations", "fulnesses", "eedly", "ingly", "edness"};

  private void stems() throws IOException {
    TreeSet<String> words = new TreeSet<>();
    for (String root : ROOTS) {
      for (String suffix : SUFFIXES) words.add(root + suffix);
    }
    if (dictionary != null) {
      for (String word : Files.readAllLines(Path.of(dictionary), StandardCharsets.UTF_8)) {
        words.add(word.toLowerCase(java.util.Locale.ROOT).replace(" ", ""));
      }
      words.remove("");
    }
    List<String> ordered = new ArrayList<>(words);
    WhitespaceTokenizer tokenizer = new WhitespaceTokenizer();
    tokenizer.setReader(new StringReader(String.join("\n", ordered)));
    try (TokenStream stream = new PorterStemFilter(tokenizer); PrintWriter writer = open("stems.tsv")) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      for (String word : ordered) {
        if (!stream.incrementToken()) throw new IllegalStateException("no stem for " + word);
        writer.print(word + "\t" + term + "\n");
      }
    }
  }

  private void lengths() throws IOException {
    try (PrintWriter writer = open("lengths.tsv")) {
      for (int norm = 0; norm < 256; norm++) {
        writer.print(norm + "\t" + SmallFloat.byte4ToInt((byte) norm) + "\n");
      }
    }
  }

  // What Java makes of bytes that may not be UTF-8. Not asked: surrogates (0xED), where Java departs
  // from Unicode's recommendation.
  private void decoding() throws IOException {
    int[] bytes = {0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xa9, 0xe0, 0xa0, 0xe2, 0x82, 0xac, 0xef,
        0x9f, 0xf0, 0x90, 0xf1, 0xf4, 0x8f, 0xf5, 0xff, 0x00};
    Random random = new Random(3);
    try (PrintWriter writer = open("decoding.tsv")) {
      for (int i = 0; i < (large ? 100_000 : 500); i++) {
        byte[] line = new byte[1 + random.nextInt(8)];
        StringBuilder hex = new StringBuilder();
        for (int j = 0; j < line.length; j++) {
          line[j] = (byte) bytes[random.nextInt(bytes.length)];
          hex.append(String.format("%02x", line[j] & 0xff));
        }
        hex.append('\t');
        String space = "";
        for (int c : new String(line, StandardCharsets.UTF_8).codePoints().toArray()) {
          hex.append(space).append(Integer.toHexString(c));
          space = " ";
        }
        writer.print(hex.append('\n'));
      }
    }
  }

  private static final String[] COMMON = {"the", "of", "and", "a", "to", "in", "is", "that", "it",
      "for", "with", "as", "was", "on", "are", "by", "this", "be", "not", "or"};

  // A made-up language with real endings: frequent words are short, and a third are stop words.
  private static final class Language {
    private final List<String> words = new ArrayList<>();
    private final Random random;

    Language(Random random, int size) {
      this.random = random;
      String[] onsets = {"b", "br", "c", "ch", "d", "f", "g", "gl", "l", "m", "n", "p", "pr", "r",
          "s", "st", "t", "tr", "v", "w"};
      String[] vowels = {"a", "e", "i", "o", "u", "ea", "io"};
      String[] codas = {"", "n", "r", "st", "l", "m", "ck", "t"};
      String[] endings = {"", "", "", "s", "ing", "ed", "ation", "er", "ly", "ness", "ity", "al"};
      TreeSet<String> known = new TreeSet<>();
      while (words.size() < size) {
        StringBuilder word = new StringBuilder();
        int syllables = 1 + Math.min(2, words.size() * 3 / size + random.nextInt(2));
        for (int i = 0; i < syllables; i++) {
          word.append(pick(onsets)).append(pick(vowels)).append(pick(codas));
        }
        word.append(pick(endings));
        if (known.add(word.toString())) words.add(word.toString());
      }
    }

    private String pick(String[] from) {
      return from[random.nextInt(from.length)];
    }

    String word() {
      double u = random.nextDouble();
      return words.get((int) (words.size() * u * u * u));
    }

    String text(int length) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < length; i++) {
        String word = random.nextInt(3) == 0 ? pick(COMMON) : word();
        if (random.nextInt(12) == 0) word = word.substring(0, 1).toUpperCase() + word.substring(1);
        if (random.nextInt(40) == 0) word += "'s";
        if (random.nextInt(60) == 0) word = Integer.toString(random.nextInt(2000));
        text.append(i == 0 ? "" : " ").append(word);
        if (random.nextInt(10) == 0) text.append(random.nextInt(2) == 0 ? "," : ".");
      }
      return text.toString();
    }
  }

  private static List<String> corpus(Language language, Random random, int size) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      int kind = random.nextInt(20);
      if (kind == 0 && i > 0) {
        texts.add(texts.get(random.nextInt(i)));  // a copy: equal scores
      } else if (kind == 1) {
        texts.add(i % 2 == 0 ? "the of and" : "");  // nothing to index
      } else if (i % 67 == 66) {
        texts.add(language.text(700 + random.nextInt(600)));
      } else {
        texts.add(language.text(1 + (int) (Math.abs(random.nextGaussian()) * 60)));
      }
    }
    return texts;
  }

  private static List<String> queries(Language language, Random random, int size) {
    List<String> queries = new ArrayList<>(List.of("the of and", "qqqqqq", ""));
    while (queries.size() < size) {
      StringBuilder query = new StringBuilder(language.text(1 + random.nextInt(40)));
      if (random.nextInt(3) == 0) {
        String again = language.word();
        query.append(' ').append(again).append(' ').append(again).append(' ').append(again);
      }
      queries.add(query.toString());
    }
    return queries;
  }

  private static void write(PrintWriter writer, List<String> lines) {
    for (String line : lines) writer.print(line + "\n");
  }

  private void scores() throws IOException {
    Random random = new Random(4);
    Language language = new Language(random, large ? 20_000 : 900);
    List<String> texts = corpus(language, random, large ? 20_000 : 200);
    List<String> queries = queries(language, random, large ? 2_000 : 250);
    try (PrintWriter writer = open("corpus.txt")) {
      write(writer, texts);
    }
    try (PrintWriter writer = open("queries.txt")) {
      write(writer, queries);
    }
    Analyzer english = new EnglishAnalyzer();
    hits(english, texts, queries, 0.9f, 0.4f, HITS, "hits_0.9_0.4.tsv", null);
    hits(english, texts, queries, 1.2f, 0.75f, 5, "hits_1.2_0.75.tsv", null);
    hits(english, texts, queries, 0f, 1f, 3, "hits_0_1.tsv", null);
  }

  // Corpora of different writing, each under its analyzer: norms, and the best 100 of queries of 1
  // to 300 words.
  private void corpora() throws IOException {
    Random random = new Random(7);
    Language language = new Language(random, large ? 20_000 : 900);
    DifficultText difficult = new DifficultText(8);
    List<String> pieces = new ArrayList<>();
    for (int i = 0; i < (large ? 20_000 : 400); i++) pieces.add(difficult.piece());
    EastAsianText eastAsian = new EastAsianText(random, large ? 6_000 : 300);
    try (PrintWriter writer = open("corpora.tsv")) {
      corpus(writer, random, "english", 0.9f, 0.4f, language::word);
      corpus(writer, random, "standard", 1.2f, 0.75f, () -> {
        double u = random.nextDouble();
        return pieces.get((int) (pieces.size() * u * u * u));
      });
      corpus(writer, random, "cjk", 0.9f, 0.4f, eastAsian::word);
    }
  }

  private void corpus(PrintWriter list, Random random, String name, float k1, float b,
      Supplier<String> word) throws IOException {
    List<String> texts = new ArrayList<>();
    List<String> queries = new ArrayList<>();
    for (int i = 0; i < (large ? 10_000 : 45); i++) {
      texts.add(random.nextInt(25) == 0 ? "" : joined(word, 1 + random.nextInt(large ? 120 : 40)));
    }
    for (int i = 0; i < (large ? 2_000 : 15); i++) {
      double u = random.nextDouble();
      queries.add(joined(word, 1 + (int) (300 * u * u)));
    }
    for (String kind : List.of("corpus", "queries")) {
      try (PrintWriter writer = open(kind + "_" + name + ".txt")) {
        for (String text : kind.equals("corpus") ? texts : queries) {
          writer.print(asciiEscape(text) + "\n");
        }
      }
    }
    list.print(name + "\t" + k1 + "\t" + b + "\t100\n");
    hits(analyzers().get(name), texts, queries, k1, b, 100, "hits_" + name + ".tsv",
        "norms_" + name + ".txt");
  }

  private static String joined(Supplier<String> word, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) text.append(i == 0 ? "" : " ").append(word.get());
    return text.toString();
  }

  // Phrases of a made-up language: words of one to three characters written without spaces.
  private static final class EastAsianText {
    private final List<String> words = new ArrayList<>();
    private final Random random;

    EastAsianText(Random random, int size) {
      this.random = random;
      int[][] scripts = {{0x4e00, 0x5200}, {0x4e00, 0x9fef}, {0x3041, 0x3094}, {0x30a1, 0x30fa},
          {0xac00, 0xb000}, {0xff66, 0xff9f}, {'a', 'z'}, {0x20000, 0x20040}};
      while (words.size() < size) {
        int[] script = scripts[random.nextInt(scripts.length)];
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
          word.appendCodePoint(script[0] + random.nextInt(script[1] - script[0]));
        }
        words.add(word.toString());
      }
    }

    String word() {
      StringBuilder phrase = new StringBuilder();
      for (int i = random.nextInt(4); i >= 0; i--) {
        double u = random.nextDouble();
        phrase.append(words.get((int) (words.size() * u * u * u)));
      }
      return phrase.toString();
    }
  }

  // `norms`: the file for each document's encoded length, or null.
  private void hits(Analyzer analyzer, List<String> texts, List<String> queries, float k1, float b,
      int k, String name, String norms) throws IOException {
    IndexWriterConfig config = new IndexWriterConfig(analyzer);
    config.setSimilarity(new BM25Similarity(k1, b));
    config.setRAMBufferSizeMB(512);
    ByteBuffersDirectory directory = new ByteBuffersDirectory();
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (String text : texts) {
        Document document = new Document();
        document.add(new TextField(FIELD, text, Field.Store.NO));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
    }
    try (DirectoryReader reader = DirectoryReader.open(directory); PrintWriter writer = open(name)) {
      IndexSearcher searcher = new IndexSearcher(reader);
      searcher.setSimilarity(new BM25Similarity(k1, b));
      if (norms != null) writeNorms(reader, norms);
      for (String text : queries) {
        StringBuilder line = new StringBuilder();
        String space = "";
        for (ScoreDoc hit : searcher.search(query(analyzer, text), k).scoreDocs) {
          line.append(space).append(hit.doc).append(':')
              .append(String.format("%08x", Float.floatToIntBits(hit.score)));
          space = " ";
        }
        writer.print(line.append('\n'));
      }
    }
  }

  private void writeNorms(DirectoryReader reader, String name) throws IOException {
    NumericDocValues norms = MultiDocValues.getNormValues(reader, FIELD);
    try (PrintWriter writer = open(name)) {
      for (int i = 0; i < reader.maxDoc(); i++) {
        writer.print((norms != null && norms.advanceExact(i) ? norms.longValue() & 0xff : 0) + "\n");
      }
    }
  }

  // One clause for each distinct term, boosted by its count.
  private static Query query(Analyzer analyzer, String text) throws IOException {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (String term : terms(analyzer, text)) counts.merge(term, 1, Integer::sum);
    BooleanQuery.Builder builder = new BooleanQuery.Builder();
    for (Map.Entry<String, Integer> clause : counts.entrySet()) {
      Query term = new TermQuery(new Term(FIELD, clause.getKey()));
      builder.add(new BoostQuery(term, clause.getValue()), BooleanClause.Occur.SHOULD);
    }
    return builder.build();
  }
}
