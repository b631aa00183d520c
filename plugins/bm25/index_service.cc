#include "plugins/bm25/index_service.h"

#include <algorithm>
#include <exception>
#include <new>
#include <stop_token>
#include <utility>

#include "plugins/bm25/byte_size.h"
#include "plugins/bm25/corpus.h"
#include "plugins/bm25/shortest_float.h"
#include "plugins/files/format.h"
#include "plugins/files/input_files.h"

namespace rare::bm25 {
namespace {

// Requests under way for each search thread: one batch that it searches, and as many again on their
// way to it and from it, so that it never idles and finds whole batches.
constexpr int kRequestsPerThread = 128;

int search_threads() { return threads_or_cores(0); }

}  // namespace

Spec IndexService::spec() {
  Spec spec("bm25.index");
  spec.summary("Search index over a corpus's texts, ranked by BM25 exactly as Lucene ranks them.")
      .description(
          "Indexes the text of one field of the records that the node `from` gives out, in a pass "
          "of its own, so that the corpus is named once; or of those that stand in the files of "
          "`path`; or opens the index of `prebuilt`. The index is a file in `index_dir`, built "
          "while the pipeline runs; searches wait until it is ready. A later run over the same "
          "texts with the same settings finds it there; files that nothing uses any more may be "
          "removed. Records without text in that field are not indexed. `from` and the nodes "
          "above it run once more for that pass (twice, where `index_dir` has indexes and none of "
          "them is this corpus's), those over the whole set, too; none of them may use services "
          "or give other results each time.")
      .node(&IndexService::from_, "from", "The node whose records are the corpus.")
      .param(&IndexService::path_, "path", std::vector<std::string>{},
             "Instead of `from`: files that hold the corpus, folders or patterns, of any format "
             "that `files.read` knows.")
      .or_single()
      .input_path()
      .param(&IndexService::format_, "format", "auto",
             "How the files of `path` are written; auto goes by each file's extension.")
      .choices(files::formats_to_read())
      .param(&IndexService::prebuilt_, "prebuilt", "",
             "Instead of `from` or `path`: the folder that `rare-engine index build` made, or an "
             "index file. It is searched as it is, and nothing is ever built; `analyzer`, `k1`, "
             "`b` and `scoring` are its own.")
      .input_path()
      .param(&IndexService::field_, "field", "text", "The field that holds a record's text.")
      .param(&IndexService::id_field_, "id_field", "id",
             "The field that holds a record's id, text or an integer, which hits then have. "
             "Records without one are called by their place in the corpus, from 0. Empty: all.");
  add_ranking_params(spec);
  spec.param(&IndexService::compact_, "compact", false,
             "Whether to leave out of the file what only makes searches faster. They find the "
             "same, in several times the time.")
      .no_effect_on_result()
      .param(&IndexService::memory_limit_, "memory_limit", "1GB",
             "Memory for building: a number and KB, MB or GB (or KiB, MiB, GiB). What does not fit "
             "goes to temporary files in `index_dir`.")
      .no_effect_on_result()
      .param(&IndexService::index_dir_, "index_dir", ".rare/index",
             "The folder of index files, relative to the working directory; pipelines may share "
             "it.")
      .no_effect_on_result();
  return spec;
}

void IndexService::add_ranking_params(Spec& spec) {
  spec.param(
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
      .param(&IndexService::scoring_, "scoring", "lucene",
             "lucene: as Lucene scores, to the last bit. reference: as the published code of RARE, "
             "where the query goes through BM25, too: the sum of idf^2 * S(tf, length) of the text "
             "* S(tf, length) of the query over their common terms, S = tf / (tf + k1 * (1 - b + b "
             "* length / average length)), with exact lengths; rare terms count for more, and ties "
             "keep the corpus's order all the same. Either costs the same.")
      .choices({"lucene", "reference"});
}

IndexService::~IndexService() {
  cancel();
  if (builder_.joinable()) builder_.join();
}

Status IndexService::check_parameters() {
  const std::string who = "service `" + context_->name() + "` (bm25.index): ";
  const int corpora =
      (from_.empty() ? 0 : 1) + (path_.empty() ? 0 : 1) + (prebuilt_.empty() ? 0 : 1);
  if (corpora != 1) {
    return Status(StatusCode::invalid_argument,
                  who +
                      "expected one of `from` (a node whose records are the corpus), `path` "
                      "(files that hold it) and `prebuilt` (an index of it), found " +
                      (corpora == 0 ? "none" : std::to_string(corpora)));
  }
  Result<std::uint64_t> limit = parse_byte_size(memory_limit_);
  if (!limit || *limit < kLeastBuildMemoryBytes) {
    return Status(StatusCode::invalid_argument,
                  who + "`memory_limit`: expected 16MB or more, such as 512MB or 2GiB, found `" +
                      memory_limit_ + "`");
  }
  memory_limit_bytes_ = *limit;
  return Status();
}

// Header and settings at once, before anything runs; every byte on the builder's thread.
Status IndexService::open_prebuilt() {
  const Result<OpenedIndex> index = open_index(prebuilt_, IndexFile::Check::header);
  if (!index) return failure(index.status());
  if (Status status = check_analyzer(*index); !status.ok()) return failure(status);
  const IndexHeader& header = index->file->header();
  analyzer_ = index->file->analyzer();
  k1_ = shortest_double(header.parameters.k1);
  b_ = shortest_double(header.parameters.b);
  prebuilt_ = index->path.string();
  Result<Json> identity = files::identify({prebuilt_, header.file_bytes});
  if (!identity) return failure(identity.status());
  identity_ = std::move(*identity);
  return Status();
}

Result<corpus::OpenCorpus> IndexService::open_corpus() const {
  return corpus::open_corpus(*context_, from_, path_, format_);
}

Result<std::unique_ptr<RecordStream>> IndexService::open_records() const {
  Result<corpus::OpenCorpus> corpus = open_corpus();
  if (!corpus) return corpus.status();
  return std::move(corpus->records);
}

Status IndexService::open(ServiceContext& context) {
  context_ = &context;
  if (Status status = check_parameters(); !status.ok()) return status;
  if (!prebuilt_.empty()) {
    if (Status status = open_prebuilt(); !status.ok()) return status;
  } else {
    Result<corpus::OpenCorpus> corpus = open_corpus();
    if (!corpus) return failure(corpus.status());
    records_ = std::move(corpus->records);
    identity_ = std::move(corpus->identity);
  }
  pool_ = std::make_unique<SearchPool>(search_threads());
  building_ = true;
  builder_ = std::jthread([this](std::stop_token stop) { build(std::move(stop)); });
  return Status();
}

SearchIndexTraits IndexService::traits() const {
  SearchIndexTraits traits;
  traits.apart = from_.empty();
  traits.k1 = k1_;
  traits.b = b_;
  return traits;
}

void* IndexService::connect(std::string_view interface, const ServiceClient&) {
  return interface == SearchIndex::kInterface ? static_cast<SearchIndex*>(this) : nullptr;
}

int IndexService::concurrency() const { return search_threads() * kRequestsPerThread; }

Json IndexService::usage() const { return Json{{"calls", pool_ ? pool_->answered() : 0}}; }

std::string IndexService::activity() const {
  if (!building_) return {};
  if (!prebuilt_.empty()) return "checking the index";
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
  const std::string who = "service `" + context_->name() + "` (bm25.index): ";
  return Status::run_fault(cause.code(),
                           prebuilt_.empty()
                               ? who + "the index over " + corpus::corpus_name(from_, path_) +
                                     " cannot be built: " + cause.message()
                               : who + "the index cannot be used: " + cause.message());
}

Result<std::unique_ptr<const IndexFile>> IndexService::find_or_build(
    const std::function<bool()>& stopped) {
  if (!prebuilt_.empty()) return IndexFile::open(prebuilt_, IndexFile::Check::all);
  CorpusSettings settings;
  settings.field = field_;
  settings.id_field = id_field_;
  settings.analyzer = analyzer_;
  settings.parameters = {static_cast<float>(k1_), static_cast<float>(b_)};
  settings.folder = index_dir_;
  settings.memory_limit_bytes = memory_limit_bytes_;
  settings.threads = search_threads();
  settings.compact = compact_;
  settings.scoring = scoring_ == "reference" ? Scoring::reference : Scoring::lucene;
  return index_of_corpus(
      std::move(records_), [this] { return open_records(); }, settings, stopped,
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
