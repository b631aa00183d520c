#include "plugins/kafka/write_sink.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "plugins/files/row_fields.h"
#include "plugins/kafka/topic_offsets.h"

namespace rare::kafka {
namespace {

// Of librdkafka; and what a message's header and framing take of it, generously.
constexpr std::size_t kMostBytes = 1000000;
constexpr std::size_t kFraming = 512;

std::string new_run() {
  std::random_device entropy;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x%08x", entropy(), entropy());
  return digits.data();
}

}  // namespace

Spec WriteSink::spec() {
  Spec spec("kafka.write");
  spec.summary("Writes records to a topic of Kafka, each once, in transactions.")
      .description(
          "A record is a message. Each checkpoint of the run (every second, or 64 MiB) is a "
          "transaction: readers of committed messages (`isolation.level=read_committed`) see each "
          "row exactly once, whenever the engine is killed and started again. Rows have a header "
          "`rare-run` that marks those of one run; keep messages in the topic for longer than a "
          "run may rest. With --fresh all rows are written again, behind those that are there.")
      .required_param(&WriteSink::topic_, "topic", "The topic, which must be there.")
      .required_param(&WriteSink::transactional_id_, "transactional_id",
                      "This writer's name in the cluster. No two nodes or pipelines may share one: "
                      "who begins later ends the other.")
      .no_effect_on_result();
  declare_cluster<WriteSink>(spec);
  spec.param(&WriteSink::format_, "format", "json",
             "What values are: json, the record as an object; or text, one of its fields.")
      .choices({"json", "text"})
      .param(&WriteSink::fields_, "fields", Json::array(),
             "json: the fields to write, in this order; empty: all, sorted by name.")
      .param(&WriteSink::text_field_, "text_field", "text", "text: the field that is the value.")
      .param(&WriteSink::key_, "key", "",
             "A field whose value is the message's key, text as it is and else as JSON: messages "
             "of one key are in one partition. Empty: no keys.")
      .param(&WriteSink::group_, "group", "",
             "A consumer group that gets, in the transactions of the rows, the offsets up to which "
             "the run's kafka.read nodes on this cluster are done: tools show what is left, and "
             "`from: group` goes on from there without the run's state. Empty: none.")
      .no_effect_on_result();
  spec.reads_param("key");
  return spec;
}

std::string WriteSink::location() const { return "topic " + topic_ + " of " + described(); }

Status WriteSink::open(Context& context, std::optional<Offset> committed) {
  context_ = &context;
  Result<std::unique_ptr<TransactionalProducer>> producer =
      TransactionalProducer::open(*this, transactional_id_, topic_, context);
  if (!producer) return producer.status();
  producer_ = std::move(*producer);
  return committed ? go_on(committed->token) : begin_new();
}

Status WriteSink::begin_new() {
  run_ = new_run();
  const Result<std::int32_t> partitions = partitions_of(producer_->client(), topic_);
  if (!partitions) return partitions.status();
  for (std::int32_t partition = 0; partition < *partitions; ++partition) {
    const Result<Reach> reach = reach_of(producer_->client(), topic_, partition);
    if (!reach) return reach.status();
    next_.push_back(reach->end);
  }
  return Status();
}

Status WriteSink::go_on(const Json& token) {
  try {
    run_ = token.at("run").get<std::string>();
    rows_ = token.at("rows").get<std::uint64_t>();
    next_ = token.at("next").get<std::vector<std::int64_t>>();
    waiting_.take_over(token.at("waiting"));
  } catch (const Json::exception& error) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "the offset kept by the earlier start cannot be understood (" +
                                 std::string(error.what()) + "); start with --fresh");
  }
  if (Status read = waiting_.add_from(*this, *context_, topic_, run_, next_); !read) return read;
  if (!waiting_.empty()) {
    context_->log(LogLevel::info, std::to_string(waiting_.size()) +
                                      " rows stand in the topic that the state of the run does not "
                                      "know of: they are made again and passed over");
  }
  return Status();
}

Result<std::string> WriteSink::value_of(const Record& record) const {
  if (format_ == "text") {
    const Json* text = record.find(text_field_);
    if (text != nullptr && text->is_string()) return text->get<std::string>();
    return Status(StatusCode::invalid_data, "expected a text in the field " +
                                                Json(text_field_).dump() + ", came " +
                                                (text == nullptr ? "none" : text->type_name()));
  }
  const bool has_notes = context_ != nullptr && context_->keeps_provenance();
  const Result<std::vector<files::RowField>> row =
      files::row_fields(record.fields(), fields_, has_notes);
  if (!row) return row.status();
  Result<std::string> line = rows_of_json_.encode(*row);
  if (line && line->ends_with('\n')) line->pop_back();
  return line;
}

Result<std::optional<std::string>> WriteSink::key_of(const Record& record) const {
  if (key_.empty()) return std::optional<std::string>();
  const Json* key = record.find(key_);
  if (key == nullptr || key->is_null()) {
    return Status(StatusCode::invalid_data,
                  "expected a key in the field " + Json(key_).dump() + ", came none");
  }
  return std::optional<std::string>(key->is_string() ? key->get<std::string>() : key->dump());
}

// Also of a sink that is not open. librdkafka has refused what is no number.
std::size_t WriteSink::most_bytes() const {
  const auto set = settings.find("message.max.bytes");
  if (set == settings.end()) return kMostBytes;
  const std::string text = set->is_string() ? set->get<std::string>() : set->dump();
  return static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10));
}

Result<std::string> WriteSink::encode(const Record& record) const {
  const Result<std::string> value = value_of(record);
  if (!value) return value.status();
  const Result<std::optional<std::string>> key = key_of(record);
  if (!key) return key.status();
  MessageRow row;
  row.value = *value;
  if (*key) row.key = **key;
  std::string packed = pack_row(row);
  if (packed.size() + kFraming > most_bytes()) {
    return Status(StatusCode::invalid_data,
                  "expected a message of at most " + std::to_string(most_bytes()) +
                      " bytes, came a row of " + std::to_string(packed.size()) +
                      "; raise `message.max.bytes` in `settings`, and of the topic");
  }
  return packed;
}

Status WriteSink::write(std::span<const Record> rows) {
  for (const Record& record : rows) {
    const Result<std::string> row = encode(record);
    if (!row) {
      return Status::run_fault(StatusCode::internal,
                               "record " + record.id().described() +
                                   " was not checked by accept(): " + row.status().message());
    }
    if (Status written = write_encoded(std::span(&*row, 1)); !written) return written;
  }
  return Status();
}

Status WriteSink::write_encoded(std::span<const std::string> rows) {
  for (const std::string& packed : rows) {
    const MessageRow row = unpack_row(packed);
    rows_ += 1;
    if (waiting_.take(row)) continue;
    if (Status written = producer_->produce(row, run_); !written) return written;
  }
  return producer_->client().fault();
}

// Of kafka.read: what has another form is of another source.
void WriteSink::sources_at(const std::map<std::string, Position>& places) {
  offsets_.clear();
  if (group_.empty()) return;
  for (const auto& [source, place] : places) {
    const Json of = place.token.value("of", Json()), next = place.token.value("next", Json());
    if (!of.is_array() || !next.is_array() || of.size() != next.size()) continue;
    for (std::size_t part = 0; part < of.size(); ++part) {
      offsets_[{of[part].at(0).get<std::string>(), of[part].at(1).get<std::int32_t>()}] =
          next[part].get<std::int64_t>();
    }
  }
}

// While rows wait to come again the sources stand before what the group was told with them.
Result<Offset> WriteSink::sync() {
  if (!group_.empty() && waiting_.empty()) {
    if (Status told = producer_->tell(group_, offsets_); !told) return told;
  }
  if (Status committed = producer_->commit(); !committed) return committed;
  for (const auto& [partition, end] : producer_->ends()) {
    const auto at = static_cast<std::size_t>(partition);
    if (next_.size() <= at) next_.resize(at + 1);
    next_[at] = std::max(next_[at], end);
  }
  return Offset{
      Json{{"run", run_}, {"rows", rows_}, {"next", next_}, {"waiting", waiting_.as_json()}}};
}

Status WriteSink::finalise() {
  if (waiting_.empty()) return Status();
  return Status::run_fault(
      StatusCode::invalid_data,
      std::to_string(waiting_.size()) + " rows that an earlier start committed to " + location() +
          " were not made again: the pipeline gives other rows for the same input than before. All "
          "that it gives now is in the topic, and so are these. To be rid of them start over with "
          "--fresh and another topic");
}

}  // namespace rare::kafka
