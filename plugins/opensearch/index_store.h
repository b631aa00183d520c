// Indexes over corpora on a cluster: made under a name of their own, found by an alias that says
// which corpus and settings they are of. The alias comes last: an index without one is not whole,
// and is never searched. docs/formats/opensearch.md specifies both.
//
// Thread-safety: one thread at a time; not the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/opensearch/cluster.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::opensearch {

// What hits may be asked for at most, in one search.
inline constexpr int kMostHits = 1'000'000;

// The fields of a document there.
inline constexpr const char* kTextField = "text";
inline constexpr const char* kIdField = "id";
inline constexpr const char* kOrdinalField = "ordinal";

// What decides what an index finds.
struct IndexSettings {
  std::string analyzer;  // as the cluster calls it
  double k1 = 0.9, b = 0.4;
  int shards = 1, replicas = 0;  // do not change what is found
};

// An index that is whole.
struct StoredIndex {
  std::string name;
  std::string analyzer;
  double k1 = 0, b = 0;
  std::uint64_t records = 0;    // of the corpus
  std::uint64_t documents = 0;  // of them, with text
  // What the cluster's scores are divided by to be Lucene's: some clusters multiply by k1 + 1.
  float score_divisor = 1;
};

// What lies on a cluster under a prefix.
struct StoredNames {
  std::vector<std::string> aliases;
  std::vector<std::string> unfinished;  // indexes without one
};

class IndexStore {
 public:
  // `stopped` (any thread) ends what is under way as cancelled. REQUIRES: the cluster outlives it.
  IndexStore(Cluster& cluster, std::string prefix, std::function<bool()> stopped)
      : cluster_(cluster), prefix_(std::move(prefix)), stopped_(std::move(stopped)) {}

  // The alias of the index over a corpus, known by a digest of its texts and ids.
  std::string alias_of(const std::string& corpus, const IndexSettings& settings) const;
  Result<StoredNames> names() const;
  // The index of that name or alias. not_found: there is none; invalid_data: it is none that was
  // made here, not whole, or has lost documents; each says so.
  Result<StoredIndex> open(const std::string& name) const;
  // A new and empty one; gives its name.
  Result<std::string> create(const IndexSettings& settings) const;
  // Makes its documents visible, checks that there are as many, marks it as whole and gives it the
  // alias, in this order.
  Status finish(const std::string& name, const std::string& alias, const IndexSettings& settings,
                const std::string& corpus, std::uint64_t records, std::uint64_t documents) const;
  // As far as the cluster lets it; nothing depends on it.
  void drop(const std::string& name) const;

 private:
  ClusterAnswer ask(const char* method, const std::string& path, const Json& body = Json()) const;
  Status answered(const ClusterAnswer& answer) const;
  Result<StoredIndex> open_whole(const std::string& name, const Json& mapping) const;
  Result<std::uint64_t> count(const std::string& name) const;
  Result<float> score_divisor(double k1) const;

  Cluster& cluster_;
  const std::string prefix_;
  const std::function<bool()> stopped_;
};

}  // namespace rare::opensearch
