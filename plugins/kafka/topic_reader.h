// Messages of several partitions between bounds, in an order that is a function of the bounds and
// the place: partitions take turns, up to kTurn messages each. So the same place gives the same
// messages again, whichever broker answers first.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/kafka/client.h"

namespace rare::kafka {

class TopicReader {
 public:
  static constexpr std::int64_t kTurn = 64;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // What is read of one partition: the offsets [begin, end).
  struct Range {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t begin = 0;
    std::int64_t end = kNever;
  };
  // Where it stands: the next offset of each range, whose turn it is, and how many messages of this
  // turn were given. A range that was read to its end stands at its end.
  struct Place {
    std::vector<std::int64_t> next;
    std::size_t turn = 0;
    std::int64_t given = 0;
  };

  // Reads on from `place`. The client is a consumer, and outlives this.
  static Result<std::unique_ptr<TopicReader>> open(Client& client, std::vector<Range> ranges,
                                                   Place place);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  // The next message, a null handle at the end of all ranges. `cancelled`: nothing came for
  // `wait_ms`; ask again. All other errors are run faults.
  Result<MessageHandle> next(int wait_ms);
  const Place& place() const { return place_; }
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  TopicReader(Client& client, std::vector<Range> ranges, Place place)
      : client_(client), ranges_(std::move(ranges)), place_(std::move(place)) {}
  Status begin(std::size_t range);
  void end(std::size_t range);
  bool has_more(std::size_t range) const { return place_.next[range] < ranges_[range].end; }
  bool find_turn();
  Status fault_of(const rd_kafka_message_t& message) const;

  Client& client_;
  std::vector<Range> ranges_;
  Place place_;
  std::vector<TopicHandle> topics_;  // by range, while it is being read
};

}  // namespace rare::kafka
