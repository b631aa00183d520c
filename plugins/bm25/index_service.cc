#include "plugins/bm25/index_service.h"

#include <algorithm>
#include <exception>
#include <new>
#include <stop_token>
#include <utility>

#include "plugins/bm25/byte_size.h"
#include "plugins/bm25/corpus.h"

namespace rare::bm25 {
namespace {

// Requests that wait behind each search thread, so that it never idles and finds batches.
constexpr int kRequestsPerThread = 16;

constexpr std::uint64_t kLeastMemory = 16'000'000;

int search_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace

Spec IndexService::spec() {
  return Spec("bm25.index")
      .summary("Search index over a node's texts, ranked by BM25 exactly as Lucene ranks them.")
      .description(
          "Reads the records of the node `from` in a pass of its own, so that the corpus is named "
          "once, and indexes the text of one field. The index is a file in `index_dir`, built "
          "while the pipeline runs; searches wait until it is ready. A later run over the same "
          "texts with the same settings finds it there; files that nothing uses any more may be "
          "removed. Records without text in that field are not indexed. `from` and the nodes "
          "above it run once more for that pass (twice, where `index_dir` has indexes and none of "
          "them is this corpus's), those over the whole set, too; none of them may use services "
          "or give other results each time.")
      .node(&IndexService::from_, "from", "The node whose records are the corpus.")
      .param(&IndexService::field_, "field", "text", "The field that holds a record's text.")
      .param(
          &IndexService::analyzer_, "analyzer", "english",
          "How texts and queries are cut into terms. As Lucene's analyzers of these names: english "
          "(UAX #29 words, possessives and 33 stop words taken out, lower case, Porter stems), "
          "standard (words, lower case), whitespace, cjk (words, width folded, lower case; "
          "Chinese, "
          "Japanese and Korean writing as overlapping pairs of characters). For other languages "
          "icu_LANGUAGE: words as ICU breaks them, case and compatibility forms folded, the "
          "Snowball stemmer of the language; no stop words.")
      .choices(analyzer_names())
      .param(&IndexService::k1_, "k1", 0.9,
             "How much a term's further occurrences in a document still count.")
      .range(0, 1000)
      .param(&IndexService::b_, "b", 0.4, "How much a document's length counts against it.")
      .range(0, 1)
      .param(&IndexService::memory_limit_, "memory_limit", "1GB",
             "Memory for building: a number and KB, MB or GB (or KiB, MiB, GiB). What does not fit "
             "goes to temporary files in `index_dir`.")
      .no_effect_on_result()
      .param(&IndexService::index_dir_, "index_dir", ".rare/index",
             "The folder of index files, relative to the working directory; pipelines may share "
             "it.")
      .no_effect_on_result();
}

IndexService::~IndexService() {
  cancel();
  if (builder_.joinable()) builder_.join();
}

Status IndexService::open(ServiceContext& context) {
  context_ = &context;
  if (from_.empty()) {
    return Status(
        StatusCode::invalid_argument,
        "service `" + context.name() +
            "` (bm25.index): expected `from`, found none; it names the node whose records "
            "are the corpus");
  }
  Result<std::uint64_t> limit = parse_byte_size(memory_limit_);
  if (!limit || *limit < kLeastMemory) {
    return Status(StatusCode::invalid_argument,
                  "service `" + context.name() + "` (bm25.index): `memory_limit`: expected " +
                      "16MB or more, such as 512MB or 2GiB, found `" + memory_limit_ + "`");
  }
  memory_limit_bytes_ = *limit;
  Result<std::unique_ptr<RecordStream>> records = context.records_of(from_);
  if (!records) return failure(records.status());
  records_ = std::move(*records);
  pool_ = std::make_unique<SearchPool>(search_threads());
  building_ = true;
  builder_ = std::jthread([this](std::stop_token stop) { build(std::move(stop)); });
  return Status();
}

void* IndexService::connect(std::string_view interface, const ServiceClient&) {
  return interface == SearchIndex::kInterface ? static_cast<SearchIndex*>(this) : nullptr;
}

int IndexService::concurrency() const { return search_threads() * kRequestsPerThread; }

Json IndexService::usage() const { return Json{{"calls", pool_ ? pool_->answered() : 0}}; }

std::string IndexService::activity() const {
  if (!building_) return {};
  return (progress_.comparing ? "looking for the index: " : "building the index: ") +
         std::to_string(progress_.records) + " records";
}

void IndexService::cancel() {
  builder_.request_stop();
  if (pool_) pool_->refuse(Status::cancelled());
}

Awaitable<Result<SearchHits>> IndexService::search(SearchRequest request) {
  CompletionPair<Result<SearchHits>> pair = context_->completion<Result<SearchHits>>();
  pool_->submit(std::move(request), std::move(pair.completion));
  return std::move(pair.awaitable);
}

// A corpus that cannot be read would fail every record alike, so it stops the run.
Status IndexService::failure(const Status& cause) const {
  if (cause.code() == StatusCode::cancelled) return cause;
  return Status::run_fault(cause.code(), "service `" + context_->name() +
                                             "` (bm25.index): the index over node `" + from_ +
                                             "` cannot be built: " + cause.message());
}

Result<std::unique_ptr<const IndexFile>> IndexService::find_or_build(
    const std::function<bool()>& stopped) {
  CorpusSettings settings;
  settings.field = field_;
  settings.analyzer = analyzer_;
  settings.parameters = {static_cast<float>(k1_), static_cast<float>(b_)};
  settings.folder = index_dir_;
  settings.memory_limit_bytes = memory_limit_bytes_;
  settings.threads = search_threads();
  return index_of_corpus(
      std::move(records_), [this] { return context_->records_of(from_); }, settings, stopped,
      [this](LogLevel level, std::string_view message) { context_->log(level, message); },
      progress_);
}

void IndexService::build(std::stop_token stop) {
  Status outcome;
  try {
    const std::stop_token run_stop = context_->stop_token();
    const auto stopped = [&] { return stop.stop_requested() || run_stop.stop_requested(); };
    Result<std::unique_ptr<const IndexFile>> index = find_or_build(stopped);
    if (index) {
      const IndexHeader& header = (*index)->header();
      context_->log(LogLevel::info, "index ready: " + std::to_string(header.documents) + " of " +
                                        std::to_string(header.records) + " records, " +
                                        std::to_string(header.terms) + " terms");
      auto corpus = std::make_unique<const Corpus>(std::move(*index));
      building_ = false;  // before anybody gets an answer from it
      pool_->answer_from(std::move(corpus));
    }
    outcome = index.status();
  } catch (const std::bad_alloc&) {
    outcome = Status(StatusCode::resource_exhausted, "there is not enough memory for it");
  } catch (const std::exception& error) {
    outcome = Status(StatusCode::internal, error.what());
  }
  building_ = false;
  if (!outcome.ok()) pool_->refuse(failure(outcome));
}

}  // namespace rare::bm25
