// Rows that stand committed in a topic though the run's state does not know of them: an earlier
// start was ended between the two commits. It makes them again, and they are passed over.
//
// They are told apart by their contents, so their order and their ids do not matter; rows that are
// alike are counted. Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/kafka/client.h"
#include "plugins/kafka/message_rows.h"

namespace rare::kafka {

class CommittedRows {
 public:
  // Adds what stands in the topic from `next` on (by partition) and has this header's value, and
  // moves `next` behind it. Partitions that `next` does not have are read from their beginning.
  Status add_from(const ClusterParameters& parameters, Context& context, const std::string& topic,
                  const std::string& run, std::vector<std::int64_t>& next);

  bool empty() const { return counts_.empty(); }
  std::uint64_t size() const;
  // Whether this row is one of them; then it is one fewer.
  bool take(const MessageRow& row);

  // {digest: count}.
  Json as_json() const { return Json(counts_); }
  // REQUIRES: as_json() gave it; throws Json::exception for what cannot be understood.
  void take_over(const Json& counts);

 private:
  static std::string digest_of(const MessageRow& row);
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace rare::kafka
