#include "plugins/opensearch/index_store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <random>
#include <utility>

#include "plugins/digest/sha256.h"

namespace rare::opensearch {
namespace {

constexpr int kFormat = 1;
constexpr std::size_t kDigestDigits = 20;
constexpr std::chrono::seconds kLongestDrop{5};
constexpr const char* kMark = "rare";
constexpr const char* kSimilarity = "rare_bm25";

std::string random_digits() {
  std::random_device random;
  std::array<char, 20> digits;
  std::snprintf(digits.data(), digits.size(), "%08x%08x", random(), random());
  return digits.data();
}

Json definition_of(const IndexSettings& settings) {
  return Json{{"settings",
               {{"index",
                 {{"number_of_shards", settings.shards},
                  {"number_of_replicas", settings.replicas},
                  {"refresh_interval", "-1"},
                  {"max_result_window", kMostHits},
                  {"similarity",
                   {{kSimilarity, {{"type", "BM25"}, {"k1", settings.k1}, {"b", settings.b}}}}}}}}},
              {"mappings",
               {{"dynamic", "strict"},
                {"properties",
                 {{kTextField,
                   {{"type", "text"},
                    {"analyzer", settings.analyzer},
                    {"similarity", kSimilarity},
                    {"index_options", "freqs"}}},
                  {kIdField, {{"type", "keyword"}, {"index", false}, {"doc_values", false}}},
                  {kOrdinalField, {{"type", "long"}, {"index", false}}}}}}}};
}

const Json* at_path(const Json& json, std::initializer_list<const char*> names) {
  const Json* at = &json;
  for (const char* name : names) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

bool has_type(const Json& mapping, const char* field, const char* type) {
  const Json* found = at_path(mapping, {"properties", field, "type"});
  return found != nullptr && *found == type;
}

// What the mark of a whole index says, or why it is none.
Result<StoredIndex> read_mark(const std::string& name, const Json& mapping) {
  const auto refused = [&](const std::string& what) {
    return Status(StatusCode::invalid_data, "the index " + name + " " + what);
  };
  const Json* mark = at_path(mapping, {"_meta", kMark});
  if (mark == nullptr) {
    return refused(
        "was not made by bm25.opensearch, or is not whole: expected its mark in `_meta`, found "
        "none; name one that a run without `prebuilt` has made");
  }
  if (mark->value("format", 0) != kFormat) {
    return refused("is of format " + std::to_string(mark->value("format", 0)) +
                   ", this program knows format " + std::to_string(kFormat));
  }
  if (!has_type(mapping, kTextField, "text") || !has_type(mapping, kOrdinalField, "long")) {
    return refused("has another mapping than it was made with: expected `" +
                   std::string(kTextField) + "` as text and `" + kOrdinalField +
                   "` as long, found " + mapping.value("properties", Json::object()).dump());
  }
  StoredIndex index;
  index.name = name;
  index.analyzer = mark->value("analyzer", "");
  index.k1 = mark->value("k1", 0.0);
  index.b = mark->value("b", 0.0);
  index.records = mark->value("records", std::uint64_t{0});
  index.documents = mark->value("documents", std::uint64_t{0});
  return index;
}

}  // namespace

ClusterAnswer IndexStore::ask(const char* method, const std::string& path, const Json& body) const {
  ClusterRequest request;
  request.method = method;
  request.path = path;
  if (!body.is_null()) request.body = body.dump();
  return cluster_.ask(request, stopped_);
}

std::string IndexStore::alias_of(const std::string& corpus, const IndexSettings& settings) const {
  const Json key{{"format", kFormat},
                 {"corpus", corpus},
                 {"analyzer", settings.analyzer},
                 {"k1", settings.k1},
                 {"b", settings.b}};
  return prefix_ + "-" + digest::sha256_hex(key.dump()).substr(0, kDigestDigits);
}

Result<StoredNames> IndexStore::names() const {
  const ClusterAnswer answer = ask("GET", "/" + prefix_ + "-*/_alias");
  StoredNames names;
  if (answer.http_status == 404) return names;
  if (!answer.status.ok()) return answer.status;
  for (const auto& [name, entry] : answer.body.items()) {
    const Json* aliases = at_path(entry, {"aliases"});
    if (aliases == nullptr || aliases->empty()) {
      if (name.starts_with(prefix_ + "-build-")) names.unfinished.push_back(name);
      continue;
    }
    for (const auto& [alias, options] : aliases->items()) names.aliases.push_back(alias);
  }
  return names;
}

// Of a part of the shards it would say that documents are missing.
Result<std::uint64_t> IndexStore::count(const std::string& name) const {
  for (int attempts = 1;; ++attempts) {
    const ClusterAnswer answer = ask("GET", "/" + name + "/_count");
    if (!answer.status.ok()) return answer.status;
    if (is_of_all_shards(answer.body)) return answer.body.value("count", std::uint64_t{0});
    if (attempts > cluster_.max_retries()) {
      return Status(StatusCode::unavailable,
                    cluster_.name() + ": some shards of " + name +
                        " do not answer; wait until the cluster has them again "
                        "(GET /_cluster/health says yellow or green), then start again");
    }
    cluster_.count_retry(false);
    if (!Cluster::rest(cluster_.pause_before(attempts, answer), stopped_)) {
      return Status::cancelled();
    }
  }
}

// Elasticsearch, and OpenSearch before 3, multiply by k1 + 1, as Lucene did before 8.
Result<float> IndexStore::score_divisor(double k1) const {
  const ClusterAnswer answer = ask("GET", "/");
  if (!answer.status.ok()) return answer.status;
  const Json version = answer.body.value("version", Json::object());
  const std::string number = version.value("number", "");
  int major = 0;
  std::from_chars(number.data(), number.data() + number.size(), major);
  const bool is_lucenes = version.value("distribution", "") == "opensearch" && major >= 3;
  return is_lucenes ? 1.0F : 1.0F + static_cast<float>(k1);
}

Result<StoredIndex> IndexStore::open(const std::string& name) const {
  const ClusterAnswer answer = ask("GET", "/" + name + "/_mapping");
  if (answer.http_status == 404) {
    return Status(StatusCode::not_found, "the cluster has no index or alias " + name);
  }
  if (!answer.status.ok()) return answer.status;
  if (!answer.body.is_object() || answer.body.empty()) {
    return Status(StatusCode::not_found, "the cluster has no index or alias " + name);
  }
  // Several that were built at the same time share an alias, and hold the same.
  Status status;
  for (const auto& [index, entry] : answer.body.items()) {
    Result<StoredIndex> opened = open_whole(index, entry.value("mappings", Json()));
    if (opened) return opened;
    status = opened.status();
  }
  return status;
}

Result<StoredIndex> IndexStore::open_whole(const std::string& name, const Json& mapping) const {
  Result<StoredIndex> index = read_mark(name, mapping);
  if (!index) return index;
  const Result<std::uint64_t> documents = count(name);
  if (!documents) return documents.status();
  if (*documents != index->documents) {
    return Status(StatusCode::invalid_data, "the index " + index->name + " has changed: expected " +
                                                std::to_string(index->documents) +
                                                " documents, found " + std::to_string(*documents) +
                                                "; remove it, and let it be built again");
  }
  const Result<float> divisor = score_divisor(index->k1);
  if (!divisor) return divisor.status();
  index->score_divisor = *divisor;
  return index;
}

Result<std::string> IndexStore::create(const IndexSettings& settings) const {
  std::string name = prefix_ + "-build-" + random_digits();
  const ClusterAnswer answer = ask("PUT", "/" + name, definition_of(settings));
  // An earlier attempt may have come through without its answer.
  if (!answer.status.ok() && answer.error_type != "resource_already_exists_exception") {
    return answer.status;
  }
  return name;
}

Status IndexStore::finish(const std::string& name, const std::string& alias,
                          const IndexSettings& settings, const std::string& corpus,
                          std::uint64_t records, std::uint64_t documents) const {
  const ClusterAnswer refreshed = ask("POST", "/" + name + "/_refresh");
  if (!refreshed.status.ok()) return refreshed.status;
  const Result<std::uint64_t> found = count(name);
  if (!found) return found.status();
  if (*found != documents) {
    return Status::run_fault(StatusCode::internal,
                             "the cluster took in " + std::to_string(documents) +
                                 " documents and has " + std::to_string(*found) + " of them");
  }
  const Json mark{{"format", kFormat},     {"corpus", corpus}, {"analyzer", settings.analyzer},
                  {"k1", settings.k1},     {"b", settings.b},  {"records", records},
                  {"documents", documents}};
  const ClusterAnswer marked =
      ask("PUT", "/" + name + "/_mapping", Json{{"_meta", {{kMark, mark}}}});
  if (!marked.status.ok()) return marked.status;
  const Json add{{"add", {{"index", name}, {"alias", alias}}}};
  return ask("POST", "/_aliases", Json{{"actions", Json::array({add})}}).status;
}

void IndexStore::drop(const std::string& name) const {
  ClusterRequest request;
  request.method = "DELETE";
  request.path = "/" + name;
  const auto end = std::chrono::steady_clock::now() + kLongestDrop;
  (void)cluster_.ask(request, [end] { return std::chrono::steady_clock::now() > end; });
}

}  // namespace rare::opensearch
