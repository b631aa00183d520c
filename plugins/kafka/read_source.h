// kafka.read: messages of topics as records.
//
// Who a record is decides its place in the order of what is read. So that this order is the same at
// every start, the source reads stretches: what stood in each partition between two moments. The
// stretches are part of its identity, which the engine keeps before the first record is read; a
// later start adds one more behind them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/kafka/client.h"
#include "plugins/kafka/message_rows.h"
#include "plugins/kafka/topic_reader.h"
#include "rare/source.h"
#include "rare/spec.h"

namespace rare::kafka {

class ReadSource final : public Source, public ClusterParameters {
 public:
  static Spec spec();

  void follow(Json earlier, bool takes_more) override;
  Status open(Context& context, std::optional<Position> position) override;
  // `cancelled`: nothing has come for a while; it is asked again.
  Result<std::optional<Record>> next() override;
  bool may_wait() const override { return never_ends(); }
  // {stretch, of: [[topic, partition]], next: [offset of each], turn, given} (TopicReader::Place).
  Position position() const override;
  std::optional<Progress> progress() const override;
  // {partitions: [{topic, partition, begin}], ends: [[offset of each partition] of each stretch]};
  // an end of -1 is none.
  Result<Json> identity() const override;

 private:
  struct Part {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t begin = 0;
  };

  bool never_ends() const { return until_ == "never"; }
  Status check() const;
  Status take_earlier();
  Status find_parts();
  Result<std::vector<Part>> parts_of_topics();
  Status add_stretch();
  Status go_to(const Position* position);
  Status open_stretch(std::size_t stretch, std::optional<TopicReader::Place> place);
  std::int64_t begin_of(std::size_t stretch, std::size_t part) const;
  std::int64_t end_of(std::size_t stretch, std::size_t part) const;
  void note_progress();
  void say_waiting();

  std::vector<std::string> topic_;
  Json partitions_ = Json::array();
  std::string format_, text_field_, key_field_, place_field_, from_, group_, until_;
  bool append_ = true;

  std::optional<Json> earlier_;
  bool takes_more_ = false;
  std::unique_ptr<Client> client_;
  std::vector<Part> parts_;
  std::vector<std::vector<std::int64_t>> ends_;  // of each stretch, by part; may lack later parts
  std::size_t stretch_ = 0;
  std::unique_ptr<TopicReader> reader_;  // ends before its client
  std::optional<MessageParser> parser_;
  std::optional<std::chrono::steady_clock::time_point> waits_since_;
  bool said_waiting_ = false;
  std::atomic<std::uint64_t> done_{0};
  std::uint64_t total_ = 0;
};

}  // namespace rare::kafka
