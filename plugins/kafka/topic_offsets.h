// What a cluster says of a topic: its partitions, and from where to where they reach.
//
// Thread-safety: as Client's. A broker that is away is waited for, for a minute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/kafka/client.h"

namespace rare::kafka {

// How many partitions the topic has. not_found, a run fault, where there is no such topic.
Result<std::int32_t> partitions_of(Client& client, const std::string& topic);

struct Reach {
  std::int64_t begin = 0;  // the first message that is kept
  std::int64_t end = 0;    // behind the last one that the client sees (ClientKind)
};
Result<Reach> reach_of(Client& client, const std::string& topic, std::int32_t partition);

// Where the client's group (ClientKind) stands; nothing where it has no offset there. One in a
// transaction that is under way is waited for.
Result<std::optional<std::int64_t>> committed_of(Client& client, const std::string& topic,
                                                 std::int32_t partition);

}  // namespace rare::kafka
