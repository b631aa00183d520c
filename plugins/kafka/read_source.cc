#include "plugins/kafka/read_source.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "plugins/kafka/topic_offsets.h"

namespace rare::kafka {
namespace {

// How long a thread of the pool is held by a topic in which nothing comes.
constexpr int kLook_ms = 50;
constexpr auto kBeforeSayingSo = std::chrono::seconds(10);

Status refuse(std::string message) {
  return Status::run_fault(StatusCode::invalid_argument, std::move(message));
}

std::string name_of(const std::string& topic, std::int32_t partition) {
  return "partition " + std::to_string(partition) + " of topic '" + topic + "'";
}

}  // namespace

Spec ReadSource::spec() {
  Spec spec("kafka.read");
  spec.summary("Reads records from topics of Kafka.")
      .description(
          "A message is a record, called TOPIC[PARTITION]@OFFSET in messages and dead letters. "
          "What "
          "stands in the topics when the run begins is read, partitions taking turns; a later "
          "start goes on with what came since. Messages of transactions are read when these are "
          "committed. The run's state says what is read and done, and no consumer group is used. A "
          "value that cannot be read, or a message without one, is a dead letter.")
      .required_param(&ReadSource::topic_, "topic", "A topic, or several.")
      .or_single();
  declare_cluster<ReadSource>(spec);
  spec.param(&ReadSource::partitions_, "partitions", Json::array(),
             "Numbers of the partitions to read, of each topic; empty: all.")
      .param(&ReadSource::format_, "format", "json",
             "What values are: json, an object that becomes the record; or text (UTF-8).")
      .choices({"json", "text"})
      .param(&ReadSource::text_field_, "text_field", "text", "text: the field that gets the value.")
      .param(&ReadSource::key_field_, "key_field", "",
             "A field to add that gets the message's key as text, null where it has none.")
      .param(&ReadSource::place_field_, "place_field", "",
             "A field to add that says where the message stands: {topic, partition, offset, "
             "timestamp_ms}.")
      .param(&ReadSource::from_, "from", "beginning",
             "Where a run begins: at the first messages that are kept, at those that come after it "
             "began, or where a consumer group stands (at the first ones where it has no offset).")
      .choices({"beginning", "end", "group"})
      .param(&ReadSource::group_, "group", "", "from: group: its name.")
      .param(&ReadSource::until_, "until", "end",
             "end: the run is complete with what stood there when it began. never: it waits for "
             "what comes, until it is interrupted; of one partition, because the order among "
             "several would be another at each start.")
      .choices({"end", "never"})
      .param(&ReadSource::append_, "append", true,
             "Whether a later start reads what came since. Without it, a start after more has come "
             "is refused.")
      .no_effect_on_result()
      .grows_by("append");
  return spec;
}

void ReadSource::follow(Json earlier, bool takes_more) {
  earlier_ = std::move(earlier);
  takes_more_ = takes_more;
}

Status ReadSource::check() const {
  if (topic_.empty()) return refuse("topic: expected the name of a topic, came an empty list");
  const bool are_numbers =
      partitions_.is_array() &&
      std::all_of(partitions_.begin(), partitions_.end(), [](const Json& number) {
        return number.is_number_integer() && number.get<std::int64_t>() >= 0 &&
               number.get<std::int64_t>() <= std::numeric_limits<std::int32_t>::max();
      });
  if (!are_numbers) {
    return refuse("partitions: expected a list of numbers from 0, came " + partitions_.dump());
  }
  if ((from_ == "group") != !group_.empty()) {
    return refuse("group: expected with `from: group`, and only there, came " +
                  Json(group_).dump() + " with `from: " + from_ + "`");
  }
  if (!append_ && never_ends()) {
    return refuse(
        "append: a source that waits for what comes (`until: never`) reads what came "
        "since, too: take `append: false` out");
  }
  return Status();
}

Status ReadSource::open(Context& context, std::optional<Position> position) {
  if (Status checked = check(); !checked) return checked;
  ClientKind kind;
  kind.group = group_;
  Result<std::unique_ptr<Client>> client = Client::make(*this, kind, context);
  if (!client) return client.status();
  client_ = std::move(*client);
  parser_.emplace(MessageFields{format_of(format_), text_field_, key_field_, place_field_});
  Status status = earlier_ ? take_earlier() : Status();
  if (status.ok() && (!earlier_ || takes_more_)) status = find_parts();
  return status.ok() ? go_to(position ? &*position : nullptr) : status;
}

Status ReadSource::take_earlier() {
  try {
    for (const Json& part : earlier_->at("partitions")) {
      parts_.push_back({part.at("topic").get<std::string>(), part.at("partition").get<int>(),
                        part.at("begin").get<std::int64_t>()});
    }
    ends_ = earlier_->at("ends").get<std::vector<std::vector<std::int64_t>>>();
    return Status();
  } catch (const Json::exception& error) {
    return refuse("what an earlier start read cannot be understood (" + std::string(error.what()) +
                  "); start with --fresh");
  }
}

Result<std::vector<ReadSource::Part>> ReadSource::parts_of_topics() {
  std::vector<Part> parts;
  for (const std::string& topic : topic_) {
    const Result<std::int32_t> count = partitions_of(*client_, topic);
    if (!count) return count.status();
    std::set<std::int32_t> chosen;
    for (const Json& number : partitions_) chosen.insert(number.get<std::int32_t>());
    if (!chosen.empty() && *chosen.rbegin() >= *count) {
      return refuse("partitions: topic '" + topic + "' has " + std::to_string(*count) +
                    ", counted from 0, and no " + std::to_string(*chosen.rbegin()));
    }
    for (std::int32_t partition = 0; partition < *count; ++partition) {
      if (chosen.empty() || chosen.contains(partition)) parts.push_back({topic, partition});
    }
  }
  if (never_ends() && parts.size() != 1) {
    return refuse(
        "until: never reads one partition, and here are " + std::to_string(parts.size()) +
        ": name one by `partitions`, with a node (or a run) for each, or read up to the `end` "
        "again and again");
  }
  return parts;
}

Status ReadSource::find_parts() {
  Result<std::vector<Part>> found = parts_of_topics();
  if (!found) return found.status();
  for (Part& part : *found) {
    const bool is_known = std::any_of(parts_.begin(), parts_.end(), [&](const Part& known) {
      return known.topic == part.topic && known.partition == part.partition;
    });
    if (is_known) continue;
    const Result<Reach> reach = reach_of(*client_, part.topic, part.partition);
    if (!reach) return reach.status();
    // What a partition has that came into being since the run began is new.
    const bool is_new = earlier_.has_value();
    part.begin = from_ == "end" && !is_new ? reach->end : reach->begin;
    if (from_ == "group" && !is_new) {
      const auto committed = committed_of(*client_, part.topic, part.partition);
      if (!committed) return committed.status();
      part.begin = committed->value_or(part.begin);
      if (part.begin < reach->begin || part.begin > reach->end) {
        return refuse(name_of(part.topic, part.partition) + ": group '" + group_ +
                      "' stands at offset " + std::to_string(part.begin) +
                      ", and messages are there from " + std::to_string(reach->begin) +
                      " up to before " + std::to_string(reach->end) +
                      ": retention has removed what it had not read, or the topic was made anew. "
                      "Set the group's offset (kafka-consumer-groups.sh --reset-offsets), or begin "
                      "with `from: beginning`");
      }
    }
    parts_.push_back(std::move(part));
  }
  return add_stretch();
}

Status ReadSource::add_stretch() {
  if (never_ends()) {
    if (ends_.empty()) ends_ = {{-1}};
    return Status();
  }
  std::vector<std::int64_t> ends;
  bool has_more = ends_.empty();
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const Part& read = parts_[part];
    const Result<Reach> reach = reach_of(*client_, read.topic, read.partition);
    if (!reach) return reach.status();
    const std::int64_t before = begin_of(ends_.size(), part);
    if (reach->end < before) {
      return refuse(name_of(read.topic, read.partition) +
                    ": an earlier start had read up to offset " + std::to_string(before) +
                    ", and it ends at " + std::to_string(reach->end) +
                    ": the topic was made anew. What is there now is read with --fresh");
    }
    has_more = has_more || reach->end > before;
    ends.push_back(reach->end);
  }
  if (has_more) ends_.push_back(std::move(ends));
  return Status();
}

std::int64_t ReadSource::begin_of(std::size_t stretch, std::size_t part) const {
  return stretch == 0 ? parts_[part].begin : end_of(stretch - 1, part);
}

std::int64_t ReadSource::end_of(std::size_t stretch, std::size_t part) const {
  if (part >= ends_[stretch].size()) return parts_[part].begin;
  return ends_[stretch][part] < 0 ? TopicReader::kNever : ends_[stretch][part];
}

Status ReadSource::go_to(const Position* position) {
  total_ = 0;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    if (!never_ends()) {
      total_ += static_cast<std::uint64_t>(end_of(ends_.size() - 1, part) - parts_[part].begin);
    }
  }
  if (position == nullptr) return open_stretch(0, std::nullopt);
  TopicReader::Place place;
  std::size_t stretch = 0;
  try {
    stretch = position->token.at("stretch").get<std::size_t>();
    place.next = position->token.at("next").get<std::vector<std::int64_t>>();
    place.turn = position->token.at("turn").get<std::size_t>();
    place.given = position->token.at("given").get<std::int64_t>();
  } catch (const Json::exception& error) {
    return refuse("the position kept by the earlier start cannot be understood (" +
                  std::string(error.what()) + "); start with --fresh");
  }
  if (stretch >= ends_.size() || place.next.size() > parts_.size() ||
      (place.turn > 0 && place.turn >= place.next.size())) {
    return refuse(
        "the position kept by the earlier start is of other partitions; start with "
        "--fresh");
  }
  return open_stretch(stretch, std::move(place));
}

// Without a place: from its beginning.
Status ReadSource::open_stretch(std::size_t stretch, std::optional<TopicReader::Place> place) {
  stretch_ = stretch;
  const std::size_t count = ends_[stretch].size();  // parts that came later are not in it
  std::vector<TopicReader::Range> ranges;
  for (std::size_t part = 0; part < count; ++part) {
    ranges.push_back({parts_[part].topic, parts_[part].partition, begin_of(stretch, part),
                      end_of(stretch, part)});
  }
  if (!place) {
    place.emplace();
    for (const TopicReader::Range& range : ranges) place->next.push_back(range.begin);
  }
  if (place->next.size() != count) {
    return refuse(
        "the position kept by the earlier start is of other partitions; start with "
        "--fresh");
  }
  reader_.reset();
  Result<std::unique_ptr<TopicReader>> reader =
      TopicReader::open(*client_, std::move(ranges), std::move(*place));
  if (!reader) return reader.status();
  reader_ = std::move(*reader);
  note_progress();
  return Status();
}

Result<std::optional<Record>> ReadSource::next() {
  for (;;) {
    Result<MessageHandle> message = reader_->next(kLook_ms);
    if (!message) {
      if (message.status().code() == StatusCode::cancelled) say_waiting();
      return message.status();
    }
    waits_since_.reset();
    note_progress();
    if (*message) {
      Result<Record> record = parser_->parse(**message);
      if (!record) return record.status();
      return std::optional<Record>(std::move(*record));
    }
    if (stretch_ + 1 == ends_.size()) return std::optional<Record>();
    if (Status opened = open_stretch(stretch_ + 1, std::nullopt); !opened) return opened;
  }
}

// A topic that is read to its end has what is waited for.
void ReadSource::say_waiting() {
  const auto now = std::chrono::steady_clock::now();
  if (!waits_since_) waits_since_ = now;
  if (never_ends() || said_waiting_ || now - *waits_since_ < kBeforeSayingSo) return;
  said_waiting_ = true;
  const std::size_t turn = reader_->place().turn;
  const TopicReader::Range& range = reader_->ranges()[turn];
  client_->context().log(LogLevel::warning,
                         name_of(range.topic, range.partition) + ": nothing comes at offset " +
                             std::to_string(reader_->place().next[turn]) +
                             ", and it is to be read up to " + std::to_string(range.end) +
                             ": its broker is away, or slow. It is waited for");
}

void ReadSource::note_progress() {
  const TopicReader::Place& place = reader_->place();
  std::int64_t done = 0;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const std::int64_t at = part < place.next.size() ? place.next[part] : parts_[part].begin;
    done += at - parts_[part].begin;
  }
  done_.store(static_cast<std::uint64_t>(done), std::memory_order_relaxed);
}

Position ReadSource::position() const {
  const TopicReader::Place& place = reader_->place();
  Json of = Json::array();
  for (std::size_t part = 0; part < place.next.size(); ++part) {
    of.push_back({parts_[part].topic, parts_[part].partition});
  }
  return Position{Json{{"stretch", stretch_},
                       {"of", std::move(of)},
                       {"next", place.next},
                       {"turn", place.turn},
                       {"given", place.given}}};
}

std::optional<Progress> ReadSource::progress() const {
  Progress progress{done_.load(std::memory_order_relaxed), total_, "messages"};
  if (never_ends()) progress.total.reset();
  return progress;
}

Result<Json> ReadSource::identity() const {
  Json parts = Json::array();
  for (const Part& part : parts_) {
    parts.push_back({{"topic", part.topic}, {"partition", part.partition}, {"begin", part.begin}});
  }
  return Json{{"partitions", std::move(parts)}, {"ends", ends_}};
}

}  // namespace rare::kafka
