// bm25_rate CORPUS.jsonl FOLDER QUERIES...: builds an index over the corpus's texts in FOLDER,
// unless it lies there, and asks it each file's queries (a line each), analysis included, with one
// and with two threads. Prints one JSON object.
//
//   --memory-limit SIZE   for building
//   --hits FILE           writes the hits of all queries: ordinal:score bits, a line a query
//   --k N                 hits of a query: 20
//   --rounds N            of which the best counts: 8
//   --prebuilt            FOLDER has the index, whatever it was built from; CORPUS is not read
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/bm25/byte_size.h"
#include "plugins/bm25/corpus.h"
#include "plugins/bm25/corpus_index.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kBatch = 64;

struct Options {
  std::vector<std::string> arguments;
  std::string memory_limit = "1GB";
  std::string hits;
  std::size_t k = 20;
  int rounds = 8;
  bool prebuilt = false;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--prebuilt") {
      options.prebuilt = true;
      continue;
    }
    if (argument == "--memory-limit") {
      options.memory_limit = value;
    } else if (argument == "--hits") {
      options.hits = value;
    } else if (argument == "--k") {
      options.k = std::stoul(value);
    } else if (argument == "--rounds") {
      options.rounds = std::stoi(value);
    } else {
      options.arguments.push_back(argument);
      continue;
    }
    ++i;
  }
  return options;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Texts that were read before: what is timed is the index, not a JSON parser.
class TextStream final : public RecordStream {
 public:
  explicit TextStream(const std::vector<std::string>& texts) : texts_(texts) {}
  Result<std::optional<Record>> next() override {
    if (at_ == texts_.size()) return std::optional<Record>();
    return std::optional<Record>(Record(Json{{"text", texts_[at_++]}}));
  }

 private:
  const std::vector<std::string>& texts_;
  std::size_t at_ = 0;
};

// Hits of the queries [first, last), analysis included.
std::vector<std::vector<ScoredDocument>> hits_of(const Corpus& corpus, WindowSearcher& searcher,
                                                 std::span<const std::string> texts,
                                                 std::size_t k) {
  std::vector<Query> queries;
  for (const std::string& text : texts) {
    queries.push_back(query_of(corpus.index(), corpus.analyzer().terms_of(text), k));
  }
  return searcher.search(queries);
}

// The best of some rounds: queries a second, and microseconds of processor time a query, which says
// more on a machine that others use.
Json rate(const Corpus& corpus, const std::vector<std::string>& queries, int threads,
          const Options& options) {
  double best_s = 1e9;
  double best_cpu_s = 1e9;
  for (int round = 0; round < options.rounds; ++round) {
    std::atomic<std::size_t> next{0};
    const auto begin = Clock::now();
    const std::clock_t cpu = std::clock();
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < threads; ++i) {
        workers.emplace_back([&] {
          WindowSearcher searcher(corpus.index());
          while (true) {
            const std::size_t first = next.fetch_add(kBatch);
            if (first >= queries.size()) return;
            const std::size_t count = std::min(kBatch, queries.size() - first);
            (void)hits_of(corpus, searcher, std::span(queries).subspan(first, count), options.k);
          }
        });
      }
    }
    best_s = std::min(best_s, seconds_since(begin));
    best_cpu_s = std::min(best_cpu_s, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
  const auto count = static_cast<double>(queries.size());
  return Json{{"per_s", count / best_s}, {"cpu_us", best_cpu_s * 1e6 / count}};
}

void write_hits(const Corpus& corpus, const std::vector<std::string>& queries, std::size_t k,
                std::FILE* file) {
  WindowSearcher searcher(corpus.index());
  for (const auto& hits : hits_of(corpus, searcher, queries, k)) {
    for (const ScoredDocument& hit : hits) {
      std::fprintf(file, "%u:%08x ", hit.document, std::bit_cast<std::uint32_t>(hit.score));
    }
    std::fputc('\n', file);
  }
}

Result<std::unique_ptr<const IndexFile>> opened(const std::string& folder) {
  Result<OpenedIndex> index = open_index(folder, IndexFile::Check::header);
  if (!index) return index.status();
  return std::move(index->file);
}

// `build_s`: the time of building alone, without reading the corpus.
Result<std::unique_ptr<const IndexFile>> built(const Options& options, double& build_s) {
  std::vector<std::string> texts;
  for (const std::string& line : lines_of(options.arguments[0])) {
    texts.push_back(Json::parse(line).at("text").get<std::string>());
  }
  CorpusSettings settings;
  settings.field = "text";
  settings.analyzer = "english";
  settings.folder = options.arguments[1];
  settings.memory_limit_bytes = *parse_byte_size(options.memory_limit);
  settings.threads = static_cast<int>(std::thread::hardware_concurrency());
  BuildProgress progress;
  const auto begin = Clock::now();
  auto index = index_of_corpus(
      std::make_unique<TextStream>(texts),
      [&] { return Result<std::unique_ptr<RecordStream>>(std::make_unique<TextStream>(texts)); },
      settings, [] { return false; },
      [](LogLevel, std::string_view message) { std::fprintf(stderr, "%s\n", message.data()); },
      progress);
  build_s = seconds_since(begin);
  return index;
}

int run(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  const std::vector<std::string>& arguments = options.arguments;
  if (arguments.size() < 2) {
    std::fprintf(stderr, "usage: bm25_rate CORPUS.jsonl FOLDER QUERIES...\n");
    return 2;
  }
  double build_s = 0;
  auto index = options.prebuilt ? opened(arguments[1]) : built(options, build_s);
  if (!index) {
    std::fprintf(stderr, "bm25_rate: %s\n", index.status().message().c_str());
    return 1;
  }
  Json result;
  result["build_s"] = build_s;
  const IndexHeader& header = (*index)->header();
  result["passages"] = header.records;
  result["postings"] = header.postings;
  result["terms"] = header.terms;
  result["rows"] = header.rows;
  result["file_bytes"] = header.file_bytes;
  result["file_bytes_without_texts"] =
      header.file_bytes - header.sections[static_cast<std::size_t>(Section::texts)].bytes;
  const Corpus corpus(std::move(*index));
  std::FILE* file = options.hits.empty() ? nullptr : std::fopen(options.hits.c_str(), "w");
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::vector<std::string> queries = lines_of(arguments[i]);
    const std::string name = std::filesystem::path(arguments[i]).stem().extension().string();
    for (const int threads : {1, 2}) {
      result["queries"][name.substr(1)][std::to_string(threads)] =
          rate(corpus, queries, threads, options);
    }
    if (file != nullptr) write_hits(corpus, queries, options.k, file);
  }
  if (file != nullptr) std::fclose(file);
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace rare::bm25

int main(int argc, char** argv) { return rare::bm25::run(argc, argv); }
