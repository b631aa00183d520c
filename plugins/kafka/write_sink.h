// kafka.write: records into a topic, in transactions that the run's state follows.
//
// A checkpoint commits the transaction and then the state. Where a start is ended between the two,
// the topic knows more than the state: the next start reads what stands behind what the state
// knows, and passes over the rows that it finds there (CommittedRows).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/files/json_rows.h"
#include "plugins/kafka/client.h"
#include "plugins/kafka/committed_rows.h"
#include "plugins/kafka/transactional_producer.h"
#include "rare/sink.h"
#include "rare/spec.h"

namespace rare::kafka {

class WriteSink final : public Sink, public ClusterParameters {
 public:
  static Spec spec();

  // The offset's token: {run, rows, next: [behind the last row, by partition], waiting: {digest:
  // count} of rows that stand there and have not come again}.
  Status open(Context& context, std::optional<Offset> committed) override;
  Status accept(const Record& record) const override { return encode(record).status(); }
  Status write(std::span<const Record> rows) override;
  bool encodes() const override { return true; }
  Result<std::string> encode(const Record& record) const override;
  Status write_encoded(std::span<const std::string> rows) override;
  void sources_at(const std::map<std::string, Position>& places) override;
  Result<Offset> sync() override;
  Status finalise() override;
  Status publish_copy() override { return Status(); }  // readers have it
  std::string location() const override;
  bool in_place() const override { return true; }
  bool append_only() const override { return true; }

 private:
  Status begin_new();
  Status go_on(const Json& token);
  Result<std::string> value_of(const Record& record) const;
  Result<std::optional<std::string>> key_of(const Record& record) const;
  std::size_t most_bytes() const;

  std::string topic_, transactional_id_, group_, format_, text_field_, key_;
  std::vector<std::string> fields_;

  Context* context_ = nullptr;
  files::JsonLineRows rows_of_json_;
  std::unique_ptr<TransactionalProducer> producer_;
  std::string run_;  // which marks this run's rows in the topic
  std::uint64_t rows_ = 0;
  std::vector<std::int64_t> next_;
  CommittedRows waiting_;
  GroupOffsets offsets_;  // of the group, as the sources stand now
};

}  // namespace rare::kafka
