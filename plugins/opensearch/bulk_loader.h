// Loads documents into an index of a cluster by `_bulk`: some requests at a time, what the cluster
// rejects for being busy sent again, anything else it rejects an error.
//
// A document's `_id` is its ordinal and it is only ever created: one that an unanswered request
// brought in is not written twice, and nothing is left behind that would count in scores.
// Thread-safety: add() and finish() from one thread, not the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/opensearch/cluster.h"
#include "rare/status.h"

namespace rare::opensearch {

class BulkLoader {
 public:
  // `stopped` (any thread) ends waiting as cancelled. REQUIRES: the cluster outlives it.
  BulkLoader(Cluster& cluster, std::string index, int max_in_flight, std::function<bool()> stopped);
  ~BulkLoader();
  BulkLoader(const BulkLoader&) = delete;
  BulkLoader& operator=(const BulkLoader&) = delete;

  // Waits while enough requests are under way. Errors: the first of any request, once known.
  Status add(std::uint64_t ordinal, std::string_view text, std::string_view id);
  // Sends what is left and waits until all is in.
  Status finish();

  std::uint64_t documents() const { return documents_; }  // added

 private:
  struct Shared;
  Status hand_over();
  Status wait_below(int requests);

  std::shared_ptr<Shared> shared_;
  const int max_in_flight_;
  const std::function<bool()> stopped_;
  std::vector<std::string> items_;
  std::size_t bytes_ = 0;
  std::uint64_t documents_ = 0;
};

}  // namespace rare::opensearch
