#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "plugins/bm25/corpus.h"
#include "plugins/bm25/corpus_index.h"
#include "plugins/bm25/index_tools.h"
#include "plugins/bm25/query_template.h"
#include "plugins/bm25/search_pool.h"
#include "plugins/bm25/shortest_float.h"
#include "plugins/files/format.h"
#include "plugins/files/read_source.h"

namespace rare::bm25 {
namespace {

// Queries that are read, searched and printed together, and those that one thread searches
// together.
constexpr std::size_t kQueriesAtOnce = 256;
constexpr std::size_t kQueriesTogether = 32;

struct FileQuery {
  Json id;
  std::string text;
};

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string score_text(float score, bool bits) {
  if (!bits) return shortest_digits(score);
  std::array<char, 16> digits;
  std::snprintf(digits.data(), digits.size(), "\"%08x\"", std::bit_cast<std::uint32_t>(score));
  return digits.data();
}

std::string line_of_hits(const Json& id, const SearchHits& found, bool bits) {
  std::string line = "{\"id\": " + json_text(id) + ", \"hits\": [";
  for (std::size_t i = 0; i < found.hits.size(); ++i) {
    const SearchHit& hit = found.hits[i];
    line += (i == 0 ? "[" : ", [") + json_text(hit.id) + ", " + std::to_string(hit.ordinal) + ", " +
            score_text(hit.score, bits) + "]";
  }
  return line + "]}\n";
}

// The queries of files, some at a time.
class QueryFile {
 public:
  QueryFile(std::unique_ptr<files::ReadSource> source, std::string field, std::string id_field)
      : source_(std::move(source)), field_(std::move(field)), id_field_(std::move(id_field)) {}

  // The next ones; none at the end.
  Result<std::vector<FileQuery>> next() {
    std::vector<FileQuery> queries;
    while (queries.size() < kQueriesAtOnce) {
      Result<std::optional<Record>> record = source_->next();
      if (!record) return record.status();
      if (!*record) break;
      const Json* text = (*record)->find(field_);
      if (text == nullptr || !text->is_string()) {
        return Status(StatusCode::invalid_data,
                      "query " + std::to_string(count_) +
                          " (from 0): expected text in the field `" + field_ + "`, found " +
                          (text == nullptr ? "no such field" : text->type_name()) +
                          "; --field names the field of the query");
      }
      const Json* id = (*record)->find(id_field_);
      queries.push_back({id == nullptr ? Json(count_) : *id, text->get<std::string>()});
      ++count_;
    }
    return queries;
  }

 private:
  std::unique_ptr<files::ReadSource> source_;
  std::string field_, id_field_;
  std::uint64_t count_ = 0;
};

// Answers in the order of the queries.
class ParallelSearch {
 public:
  ParallelSearch(const Corpus& corpus, int threads) {
    for (int i = 0; i < threads; ++i) searchers_.emplace_back(corpus);
  }

  std::vector<Result<SearchHits>> search(const std::vector<FileQuery>& queries, int k) {
    std::vector<SearchRequest> requests;
    for (const FileQuery& query : queries) requests.emplace_back(query.text, k);
    std::vector<const SearchRequest*> pointers;
    for (const SearchRequest& request : requests) pointers.push_back(&request);
    std::vector<std::optional<Result<SearchHits>>> found(queries.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&](CorpusSearcher& searcher) {
      for (std::size_t begin; (begin = next.fetch_add(kQueriesTogether)) < pointers.size();) {
        const std::size_t count = std::min(kQueriesTogether, pointers.size() - begin);
        auto answers = searcher.search(std::span(pointers).subspan(begin, count));
        for (std::size_t i = 0; i < count; ++i) found[begin + i] = std::move(answers[i]);
      }
    };
    run_on_all(work);
    std::vector<Result<SearchHits>> answers;
    for (auto& answer : found) answers.push_back(std::move(*answer));
    return answers;
  }

 private:
  // Throws what one of the threads threw.
  template <class Work>
  void run_on_all(const Work& work) {
    std::mutex mutex;
    std::exception_ptr failure;
    {
      std::vector<std::jthread> threads;
      for (CorpusSearcher& searcher : searchers_) {
        threads.emplace_back([&] {
          try {
            work(searcher);
          } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
          }
        });
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  std::deque<CorpusSearcher> searchers_;  // they cannot be moved
};

}  // namespace

ToolUsage IndexSearchTool::usage() {
  return {
      Spec("index.search")
          .summary("prints the best documents for each query of a file, as JSON Lines")
          .description(
              "A line {\"id\": ..., \"hits\": [[id, ordinal, score], ...]} for each query, in "
              "the file's order, best first. A query without an id has its place in the "
              "file, from 0; a document without one has its ordinal's digits.")
          .required_param(&IndexSearchTool::index_, "index", "The folder of an index, or its file.")
          .input_path()
          .required_param(&IndexSearchTool::queries_, "queries",
                          "Files of queries, of any format that files.read knows; repeatable.")
          .input_path()
          .param(&IndexSearchTool::format_, "format", "auto", "How they are written.")
          .choices(files::formats_to_read())
          .param(&IndexSearchTool::field_, "field", "query", "The field that holds a query.")
          .param(&IndexSearchTool::id_field_, "id_field", "id", "The field that holds its id.")
          .param(&IndexSearchTool::k_, "k", 20, "How many hits at most.")
          .range(1, 1'000'000'000)
          .param(&IndexSearchTool::threads_, "threads", 0, "0: as many as there are cores.")
          .range(0, 1024)
          .param(&IndexSearchTool::float_bits_, "float_bits", false,
                 "Scores as the 8 hexadecimal digits of their 32 bits."),
      {"index"},
      "rare-engine index search data/index --queries queries.jsonl -k 20\n"
      "rare-engine index search data/index --queries queries.jsonl --float-bits"};
}

Result<int> IndexSearchTool::run(ToolContext& context) {
  Result<OpenedIndex> index = open_index(index_, IndexFile::Check::all);
  if (!index) return index.status();
  if (Status status = check_analyzer(*index); !status.ok()) return status;
  auto source = std::make_unique<files::ReadSource>(queries_, format_);
  if (Status status = source->open(); !status.ok()) return status;
  QueryFile file(std::move(source), field_, id_field_);
  const Corpus corpus(std::move(index->file));
  ParallelSearch searches(corpus, threads_or_cores(threads_));
  while (true) {
    const Result<std::vector<FileQuery>> queries = file.next();
    if (!queries) return queries.status();
    if (queries->empty()) return 0;
    const std::vector<Result<SearchHits>> found = searches.search(*queries, k_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) return found[i].status();
      context.out() << line_of_hits((*queries)[i].id, *found[i], float_bits_);
    }
  }
}

}  // namespace rare::bm25
