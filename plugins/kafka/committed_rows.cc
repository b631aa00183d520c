#include "plugins/kafka/committed_rows.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plugins/digest/sha256.h"
#include "plugins/kafka/topic_offsets.h"
#include "plugins/kafka/topic_reader.h"
#include "plugins/kafka/transactional_producer.h"

namespace rare::kafka {
namespace {

constexpr int kWait_ms = 200;
constexpr auto kBeforeTelling = std::chrono::seconds(10);
constexpr std::size_t kDigestDigits = 32;

bool is_of_run(const rd_kafka_message_t& message, const std::string& run) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const void* value = nullptr;
  std::size_t size = 0;
  return rd_kafka_header_get_last(headers, TransactionalProducer::kRunHeader, &value, &size) ==
             RD_KAFKA_RESP_ERR_NO_ERROR &&
         std::string_view(static_cast<const char*>(value), size) == run;
}

MessageRow row_of(const rd_kafka_message_t& message) {
  MessageRow row;
  if (message.key != nullptr) {
    row.key = std::string_view(static_cast<const char*>(message.key), message.key_len);
  }
  row.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  return row;
}

Result<std::vector<TopicReader::Range>> ranges_after(Client& client, const std::string& topic,
                                                     const std::vector<std::int64_t>& next) {
  const Result<std::int32_t> partitions = partitions_of(client, topic);
  if (!partitions) return partitions.status();
  if (static_cast<std::size_t>(*partitions) < next.size()) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "topic '" + topic + "': this run had written to " +
                                 std::to_string(next.size()) + " partitions, and it has " +
                                 std::to_string(*partitions) +
                                 ": the topic was made anew. Start over with --fresh");
  }
  std::vector<TopicReader::Range> ranges;
  for (std::int32_t partition = 0; partition < *partitions; ++partition) {
    const Result<Reach> reach = reach_of(client, topic, partition);
    if (!reach) return reach.status();
    const auto at = static_cast<std::size_t>(partition);
    const std::int64_t from = at < next.size() ? next[at] : reach->begin;
    const std::string where =
        "partition " + std::to_string(partition) + " of topic '" + topic + "': ";
    if (from > reach->end) {
      return Status::run_fault(StatusCode::invalid_argument,
                               where + "this run had written up to offset " + std::to_string(from) +
                                   ", and it ends at " + std::to_string(reach->end) +
                                   ": the topic was made anew. Start over with --fresh");
    }
    // A row and the mark of its transaction take two offsets: behind a single one there is no row.
    if (from < reach->begin && reach->end - from > 1) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          where + "messages from offset " + std::to_string(from) +
              " on were removed by retention, and some may be this run's that its state does not "
              "know of, so nobody can tell which rows are written. Start over with --fresh, and "
              "keep messages for longer than a run may rest");
    }
    ranges.push_back({topic, partition, std::max(from, reach->begin), reach->end});
  }
  return ranges;
}

}  // namespace

Status CommittedRows::add_from(const ClusterParameters& parameters, Context& context,
                               const std::string& topic, const std::string& run,
                               std::vector<std::int64_t>& next) {
  Result<std::unique_ptr<Client>> client = Client::make(parameters, ClientKind(), context);
  if (!client) return client.status();
  // Rows of this run may stand behind the beginning of somebody's transaction that is open.
  ClientKind all;
  all.sees_open_transactions = true;
  Result<std::unique_ptr<Client>> asking = Client::make(parameters, all, context);
  if (!asking) return asking.status();
  const Result<std::vector<TopicReader::Range>> ranges = ranges_after(**asking, topic, next);
  if (!ranges) return ranges.status();
  TopicReader::Place place;
  next.clear();
  for (const TopicReader::Range& range : *ranges) {
    place.next.push_back(range.begin);
    next.push_back(range.end);
  }
  const Result<std::unique_ptr<TopicReader>> reader = TopicReader::open(**client, *ranges, place);
  if (!reader) return reader.status();
  auto told = std::chrono::steady_clock::now();
  for (;;) {
    const Result<MessageHandle> message = (*reader)->next(kWait_ms);
    if (message && !*message) return Status();
    if (message) {
      if (is_of_run(**message, run)) counts_[digest_of(row_of(**message))] += 1;
      continue;
    }
    if (message.status().code() != StatusCode::cancelled) return message.status();
    if ((*client)->is_stopped()) {
      return Status::run_fault(StatusCode::cancelled, "the run is stopping");
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - told < kBeforeTelling) continue;
    told = now;
    context.log(LogLevel::warning,
                "topic '" + topic +
                    "' is read for rows of an earlier start, and nothing comes: its broker is "
                    "away, or somebody's transaction there has not ended. It is waited for");
  }
}

std::uint64_t CommittedRows::size() const {
  std::uint64_t rows = 0;
  for (const auto& [digest, count] : counts_) rows += count;
  return rows;
}

bool CommittedRows::take(const MessageRow& row) {
  if (counts_.empty()) return false;
  const auto found = counts_.find(digest_of(row));
  if (found == counts_.end()) return false;
  if (--found->second == 0) counts_.erase(found);
  return true;
}

void CommittedRows::take_over(const Json& counts) {
  for (const auto& [digest, count] : counts.items()) {
    counts_[digest] += count.get<std::uint64_t>();
  }
}

std::string CommittedRows::digest_of(const MessageRow& row) {
  return digest::sha256_hex(pack_row(row)).substr(0, kDigestDigits);
}

}  // namespace rare::kafka
