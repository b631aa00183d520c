#include "plugins/opensearch/search_service.h"

#include <algorithm>
#include <exception>
#include <stop_token>
#include <utility>

#include "plugins/digest/sha256.h"
#include "plugins/files/format.h"
#include "plugins/opensearch/bulk_loader.h"

namespace rare::opensearch {
namespace {

// Requests that wait behind each one under way, so that batches form.
constexpr int kRequestsPerBatch = 16;
constexpr const char* kLettersOfNames = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

bool is_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of(kLettersOfNames) == std::string::npos &&
         std::string("-_.").find(name.front()) == std::string::npos;
}

// Each record's text and id with their lengths before them.
void add_record(digest::Sha256& digest, std::string_view text, std::string_view id) {
  digest.add(std::to_string(text.size()) + " " + std::to_string(id.size()) + "\n");
  digest.add(text);
  digest.add(id);
}

}  // namespace

Spec SearchService::spec() {
  Spec spec("bm25.opensearch");
  spec.summary("Search index over a corpus's texts on a cluster of OpenSearch or Elasticsearch.")
      .description(
          "For corpora beyond one machine: what `bm25.index` does, done by a cluster. Loads the "
          "text of one field of the records that the node `from` gives out, in a pass of its own, "
          "or of those that stand in the files of `path`, into an index of its own on the cluster; "
          "or searches the index `prebuilt`. Loading goes on while the pipeline runs; searches "
          "wait "
          "until it is done. A later run over the same texts with the same settings finds the "
          "index "
          "by its alias. Statistics are those of all shards together, ties keep the corpus's "
          "order: "
          "on OpenSearch 3 or later hits and scores equal those of `bm25.index` with the analyzer "
          "`english`. Nothing is ever removed from the cluster but what a failed load leaves.")
      .node(&SearchService::from_, "from", "The node whose records are the corpus.")
      .param(&SearchService::path_, "path", std::vector<std::string>{},
             "Instead of `from`: files that hold the corpus, folders or patterns, of any format "
             "that `files.read` knows.")
      .or_single()
      .input_path()
      .param(&SearchService::format_, "format", "auto",
             "How the files of `path` are written; auto goes by each file's extension.")
      .choices(files::formats_to_read())
      .param(&SearchService::prebuilt_, "prebuilt", "",
             "Instead of `from` or `path`: the name or alias of an index that an earlier run has "
             "made, which its log names. It is searched as it is; `analyzer`, `k1` and `b` are its "
             "own.")
      .param(&SearchService::field_, "field", "text", "The field that holds a record's text.")
      .param(&SearchService::id_field_, "id_field", "id",
             "The field that holds a record's id, text or an integer, which hits then have. "
             "Records without one are called by their place in the corpus, from 0. Empty: all.")
      .param(&SearchService::analyzer_, "analyzer", "english",
             "The analyzer of texts and queries, as the cluster calls it.")
      .param(&SearchService::k1_, "k1", 0.9,
             "How much a term's further occurrences in a document still count.")
      .range(0, 1000)
      .param(&SearchService::b_, "b", 0.4, "How much a document's length counts against it.")
      .range(0, 1);
  add_cluster_params(spec);
  return spec;
}

void SearchService::add_cluster_params(Spec& spec) {
  spec.required_param(&SearchService::base_url_, "base_url",
                      "Where the cluster is: http(s)://HOST:PORT of one of its nodes, or several, "
                      "of which the next is asked when one does not answer.")
      .or_single()
      .no_effect_on_result()
      .param(&SearchService::user_, "user", "", "For basic authentication; empty: none.")
      .no_effect_on_result()
      .param(&SearchService::password_, "password", "", "The user's password.")
      .secret()
      .param(&SearchService::api_key_, "api_key", "",
             "Instead of a user: sent as `Authorization: ApiKey`.")
      .secret()
      .param(&SearchService::ca_file_, "ca_file", "",
             "A file of certificates (PEM) to trust; empty: those of the system. Certificates are "
             "always verified.")
      .input_path()
      .no_effect_on_result()
      .param(&SearchService::index_prefix_, "index_prefix", "rare",
             "What the names of indexes and aliases begin with; pipelines may share it.")
      .no_effect_on_result()
      .param(&SearchService::shards_, "shards", 1, "Shards of an index that is made.")
      .range(1, 1024)
      .no_effect_on_result()
      .param(&SearchService::replicas_, "replicas", 0, "Copies of each of them.")
      .range(0, 64)
      .no_effect_on_result()
      .param(&SearchService::max_in_flight_, "max_in_flight", 4,
             "Most requests under way at once, each of up to 64 searches or 4 MiB of documents.")
      .range(1, 1024)
      .no_effect_on_result()
      .param(&SearchService::max_retries_, "max_retries", 8,
             "How often a request, or what a busy cluster refused of it, is sent again: after 0.2 "
             "s, 0.4 s and so on up to 30 s, or as the cluster says (`Retry-After`).")
      .range(0, 1000)
      .no_effect_on_result()
      .param(&SearchService::timeout_s_, "timeout_s", 120.0, "For one request.")
      .range(0.001, 86400)
      .unit("s")
      .no_effect_on_result();
}

SearchService::~SearchService() {
  cancel();
  if (builder_.joinable()) builder_.join();
}

Status SearchService::check_parameters() const {
  const auto wrong = [&](const std::string& what) {
    return Status(StatusCode::invalid_argument,
                  "service `" + context_->name() + "` (bm25.opensearch): " + what);
  };
  const int corpora =
      (from_.empty() ? 0 : 1) + (path_.empty() ? 0 : 1) + (prebuilt_.empty() ? 0 : 1);
  if (corpora != 1) {
    return wrong(
        "expected one of `from` (a node whose records are the corpus), `path` (files that hold it) "
        "and `prebuilt` (an index of it), found " +
        (corpora == 0 ? "none" : std::to_string(corpora)));
  }
  for (const auto& [parameter, name] :
       {std::pair("index_prefix", index_prefix_),
        std::pair("prebuilt", prebuilt_.empty() ? index_prefix_ : prebuilt_)}) {
    if (is_name(name)) continue;
    return wrong("`" + std::string(parameter) +
                 "`: expected lower-case letters, digits, -, _ and dots, a letter or digit first, "
                 "found `" +
                 name + "`");
  }
  return Status();
}

Status SearchService::open(ServiceContext& context) {
  context_ = &context;
  if (Status status = check_parameters(); !status.ok()) return status;
  settings_ = {analyzer_, k1_, b_, shards_, replicas_};
  ClusterOptions options;
  options.service = context.name();
  options.base_url = base_url_;
  options.user = user_;
  options.password = password_;
  options.api_key = api_key_;
  options.ca_file = ca_file_;
  options.timeout_ms = static_cast<std::int64_t>(1000 * timeout_s_);
  options.max_retries = max_retries_;
  options.connections = max_in_flight_;
  Result<std::unique_ptr<Cluster>> cluster = Cluster::make(std::move(options));
  if (!cluster) {
    return Status(
        StatusCode::invalid_argument,
        "service `" + context.name() + "` (bm25.opensearch): " + cluster.status().message());
  }
  cluster_ = std::move(*cluster);
  if (prebuilt_.empty()) {
    Result<corpus::OpenCorpus> corpus = open_corpus();
    if (!corpus) return failure(corpus.status());
    records_ = std::move(corpus->records);
    identity_ = std::move(corpus->identity);
  }
  knows_ranking_ = prebuilt_.empty();  // else the index says it
  queue_ = SearchQueue::make(*cluster_, max_in_flight_);
  building_ = true;
  builder_ = std::jthread([this](const std::stop_token& stop) { build(stop); });
  return Status();
}

Result<corpus::OpenCorpus> SearchService::open_corpus() const {
  return corpus::open_corpus(*context_, from_, path_, format_);
}

SearchIndexTraits SearchService::traits() const {
  SearchIndexTraits traits;
  traits.apart = from_.empty();
  if (!knows_ranking_) return traits;
  traits.k1 = k1_;
  traits.b = b_;
  return traits;
}

void* SearchService::connect(std::string_view interface, const ServiceClient&) {
  return interface == SearchIndex::kInterface ? static_cast<SearchIndex*>(this) : nullptr;
}

int SearchService::concurrency() const { return max_in_flight_ * kRequestsPerBatch; }

Json SearchService::usage() const {
  return Json{{"calls", queue_ ? queue_->answered() : 0},
              {"retries", cluster_ ? cluster_->retries() : 0},
              {"throttled", cluster_ ? cluster_->throttled() : 0}};
}

std::string SearchService::activity() const {
  if (!building_) return {};
  if (!prebuilt_.empty()) return "looking for the index";
  return (comparing_ ? "looking for the index: " : "loading the index: ") +
         std::to_string(progress_.records) + " records";
}

void SearchService::cancel() {
  builder_.request_stop();
  if (queue_) queue_->refuse(Status::cancelled());
  if (cluster_) cluster_->cancel();
}

Awaitable<Result<SearchHits>> SearchService::search(SearchRequest request) {
  CompletionPair<Result<SearchHits>> pair = context_->completion<Result<SearchHits>>();
  queue_->submit(std::move(request), std::move(pair.completion));
  return std::move(pair.awaitable);
}

// An index that cannot be had would fail every record alike, so it stops the run.
Status SearchService::failure(const Status& cause) const {
  if (cause.code() == StatusCode::cancelled) return cause;
  const std::string who = "service `" + context_->name() + "` (bm25.opensearch): ";
  return Status::run_fault(cause.code(),
                           prebuilt_.empty()
                               ? who + "the index over " + corpus::corpus_name(from_, path_) +
                                     " cannot be had: " + cause.message()
                               : who + "the index cannot be used: " + cause.message());
}

void SearchService::build(const std::stop_token& stop) {
  Status outcome;
  try {
    const std::stop_token run_stop = context_->stop_token();
    Result<StoredIndex> index =
        find_or_load([&] { return stop.stop_requested() || run_stop.stop_requested(); });
    if (index) {
      context_->log(LogLevel::info, "index ready: " + index->name + " on " + cluster_->name() +
                                        ", " + std::to_string(index->documents) + " of " +
                                        std::to_string(index->records) + " records, analyzer " +
                                        index->analyzer + ", k1 " + Json(index->k1).dump() +
                                        ", b " + Json(index->b).dump());
      if (!knows_ranking_) {
        k1_ = index->k1;
        b_ = index->b;
        knows_ranking_ = true;
      }
      building_ = false;  // before anybody gets an answer from it
      queue_->answer_from(std::move(*index));
    }
    outcome = index.status();
  } catch (const std::exception& error) {
    outcome = Status(StatusCode::internal, cluster_->hidden(error.what()));
  }
  building_ = false;
  if (!outcome.ok()) queue_->refuse(failure(outcome));
}

Result<StoredIndex> SearchService::find_or_load(const Stopped& stopped) {
  const IndexStore store(*cluster_, index_prefix_, stopped);
  if (!prebuilt_.empty()) return store.open(prebuilt_);
  const Result<StoredNames> names = store.names();
  if (!names) return names.status();
  warn_of(*names);
  if (!names->aliases.empty()) {
    Result<std::optional<StoredIndex>> found = find(store, stopped);
    if (!found) return found.status();
    if (*found) return std::move(**found);
    records_.reset();
    Result<corpus::OpenCorpus> again = open_corpus();
    if (!again) return again.status();
    records_ = std::move(again->records);
  }
  return load(store, *records_, stopped);
}

// They may be another run's that is at it, so nothing removes them.
void SearchService::warn_of(const StoredNames& names) {
  if (names.unfinished.empty()) return;
  context_->log(LogLevel::warning,
                "the cluster has " + std::to_string(names.unfinished.size()) +
                    " index(es) that are not whole, such as " + names.unfinished.front() +
                    ": another run is loading it, or was killed; in that case remove it");
}

Result<std::optional<StoredIndex>> SearchService::find(const IndexStore& store,
                                                       const Stopped& stopped) {
  comparing_ = true;
  const Result<std::string> corpus = digest_of(*records_, stopped);
  comparing_ = false;
  if (!corpus) return corpus.status();
  Result<StoredIndex> index = store.open(store.alias_of(*corpus, settings_));
  if (index) return std::optional<StoredIndex>(std::move(*index));
  const StatusCode code = index.status().code();
  if (code == StatusCode::invalid_data) {
    context_->log(LogLevel::warning, index.status().message() + "; another one is loaded");
  } else if (code != StatusCode::not_found) {
    return index.status();
  }
  return std::optional<StoredIndex>();
}

Result<std::string> SearchService::digest_of(RecordStream& records, const Stopped& stopped) {
  Result<digest::Sha256> digest = digest::Sha256::begin();
  if (!digest) return digest.status();
  const Status status = corpus::read_texts(records, {field_, id_field_}, stopped, progress_,
                                           [&](std::string_view text, std::string_view id) {
                                             add_record(*digest, text, id);
                                             return Status();
                                           });
  if (!status.ok()) return status;
  return digest->hex();
}

Result<StoredIndex> SearchService::load(const IndexStore& store, RecordStream& records,
                                        const Stopped& stopped) {
  const Result<std::string> name = store.create(settings_);
  if (!name) return name.status();
  std::uint64_t documents = 0;
  const Result<std::string> corpus = load_into(*name, records, stopped, documents);
  Status status = corpus.status();
  if (status.ok()) {
    const std::string alias = store.alias_of(*corpus, settings_);
    Result<StoredIndex> others = store.open(alias);  // of a run that was faster
    if (others) {
      store.drop(*name);
      return others;
    }
    status = store.finish(*name, alias, settings_, *corpus, progress_.records, documents);
    if (status.ok()) {
      context_->log(LogLevel::info, "the index is called " + alias);
      return store.open(*name);
    }
  }
  cluster_->cancel();
  store.drop(*name);
  return status;
}

// Gives the corpus's digest.
Result<std::string> SearchService::load_into(const std::string& index, RecordStream& records,
                                             const Stopped& stopped, std::uint64_t& documents) {
  Result<digest::Sha256> digest = digest::Sha256::begin();
  if (!digest) return digest.status();
  BulkLoader loader(*cluster_, index, max_in_flight_, stopped);
  std::uint64_t ordinal = 0;
  Status status = corpus::read_texts(records, {field_, id_field_}, stopped, progress_,
                                     [&](std::string_view text, std::string_view id) {
                                       add_record(*digest, text, id);
                                       const std::uint64_t here = ordinal++;
                                       return text.empty() ? Status() : loader.add(here, text, id);
                                     });
  if (status.ok()) status = loader.finish();
  if (!status.ok()) return status;
  documents = loader.documents();
  return digest->hex();
}

}  // namespace rare::opensearch
