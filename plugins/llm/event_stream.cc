#include "plugins/llm/event_stream.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <utility>

#include "plugins/llm/json_text.h"

namespace rare::llm {
namespace {

namespace dom = simdjson::dom;

using simdjson::SUCCESS;

Json json_of(dom::element value) {
  switch (value.type()) {
    case dom::element_type::OBJECT: {
      Json object = Json::object();
      for (const auto [name, member] : dom::object(value)) {
        object[std::string(name)] = json_of(member);
      }
      return object;
    }
    case dom::element_type::ARRAY: {
      Json list = Json::array();
      for (const dom::element item : dom::array(value)) list.push_back(json_of(item));
      return list;
    }
    case dom::element_type::STRING:
      return std::string(std::string_view(value));
    case dom::element_type::INT64:
      return std::int64_t(value);
    case dom::element_type::UINT64:
      return std::uint64_t(value);
    case dom::element_type::DOUBLE:
      return double(value);
    case dom::element_type::BOOL:
      return bool(value);
    case dom::element_type::NULL_VALUE:
      return nullptr;
  }
  return nullptr;
}

// The event as an object, which is the parser's until it parses the next one; nothing: it is none.
std::optional<dom::element> chunk_in(const std::string& event, dom::parser& parser) {
  dom::element chunk;
  if (parser.parse(event).get(chunk) != SUCCESS) {
    // An integer beyond 64 bits, which nlohmann makes a floating-point number.
    const Json lenient = Json::parse(event, nullptr, false);
    if (lenient.is_discarded() || parser.parse(lenient.dump()).get(chunk) != SUCCESS) {
      return std::nullopt;
    }
  }
  if (!chunk.is_object()) return std::nullopt;
  return chunk;
}

// Puts a member into `object`. Most are there, from the event before.
void keep(Json& object, std::string_view name, dom::element value) {
  const auto known = object.find(name);
  if (known == object.end()) {
    object[std::string(name)] = json_of(value);
    return;
  }
  std::string_view text;
  const bool is_same = known->is_string() && value.get(text) == SUCCESS &&
                       text == known->get_ref<const std::string&>();
  if (!is_same) *known = json_of(value);
}

// Of members with equal names the last one counts, as for whoever reads the reply.
using Members = std::map<std::string_view, dom::element>;

Members members_of(dom::object object) {
  Members members;
  for (const auto [name, value] : object) members.insert_or_assign(name, value);
  return members;
}

// Joins a member to what is there: texts and lists; anything else takes its place.
void join(Json& object, std::string_view name, dom::element more) {
  auto known = object.find(name);
  if (known == object.end()) known = object.emplace(std::string(name), nullptr).first;
  std::string_view text;
  dom::array items;
  if (more.is_null()) return;
  if (known->is_string() && more.get(text) == SUCCESS) {
    known->get_ref<std::string&>() += text;
  } else if (known->is_array() && more.get(items) == SUCCESS) {
    for (const dom::element item : items) known->push_back(json_of(item));
  } else {
    *known = json_of(more);
  }
}

// Each member is joined to the one of that name in `kept`.
void join_all(Json& kept, dom::object more) {
  for (const auto& [name, value] : members_of(more)) {
    if (name != "role") join(kept, name, value);
  }
}

void add_to_choice(const Members& choice, Json& kept, std::int64_t index) {
  if (kept.is_null()) {
    kept["index"] = index;
    kept["message"]["role"] = "assistant";
    kept["finish_reason"] = nullptr;
  }
  for (const auto& [name, value] : choice) {
    dom::object members;
    const bool is_object = value.get(members) == SUCCESS;
    if (name == "delta" && is_object) {
      join_all(kept["message"], members);
    } else if (name == "logprobs" && is_object) {
      join_all(kept["logprobs"], members);
    } else if (name != "index" && !value.is_null()) {
      keep(kept, name, value);
    }
  }
}

}  // namespace

EventStream::Read EventStream::read(std::string_view bytes) {
  progress_ = false;
  for (;;) {
    take_whole_pieces(bytes);
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    line_ += bytes.substr(0, end);
    if (line_.ends_with('\r')) line_.pop_back();
    take_line(line_);
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
  line_ += bytes;
  if (bytes_ + line_.size() + data_.size() > most_bytes_) return Read::too_large;
  return progress_ ? Read::progress : Read::heartbeat;
}

// Takes events that came whole and are pieces from the front of `bytes`: nearly all of a stream.
void EventStream::take_whole_pieces(std::string_view& bytes) {
  constexpr std::string_view kBegin = "data: ", kEnd = "\n\n";
  while (template_ && line_.empty() && data_.empty() && bytes.starts_with(kBegin)) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos || !bytes.substr(end).starts_with(kEnd)) return;
    const std::string_view data = bytes.substr(kBegin.size(), end - kBegin.size());
    if (!take_piece(data)) return;
    progress_ = true;
    bytes_ += data.size();
    bytes.remove_prefix(end + kEnd.size());
  }
}

void EventStream::take_line(std::string_view line) {
  constexpr std::string_view kData = "data:";
  if (line.empty()) return end_event();
  if (!line.starts_with(kData)) return;  // a comment, or a field that chunks do not have
  line.remove_prefix(kData.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (!data_.empty()) data_ += '\n';
  data_ += line;
}

void EventStream::end_event() {
  if (data_.empty()) return;
  progress_ = true;
  const std::string data = std::exchange(data_, {});
  bytes_ += data.size();
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  if (take_piece(data)) return;
  // simdjson, as for whole replies.
  thread_local dom::parser parser;
  const std::optional<dom::element> chunk = chunk_in(data, parser);
  if (!chunk) {
    if (improper_.empty()) improper_ = data.substr(0, 200);
    return;
  }
  // Not again and again: two templates, of reasoning and answer, serve a whole stream as a rule.
  constexpr int kMostTemplates = 8;
  if (templates_ < kMostTemplates) {
    if (auto found = PieceTemplate::of(data, *chunk)) {
      template_ = std::move(found);
      ++templates_;
    }
  }
  take_chunk(*chunk);
}

// Whether the event was one more piece of what came before it.
bool EventStream::take_piece(std::string_view data) {
  if (!template_) return false;
  if (joined_ == nullptr) {
    Json& kept = choices_[template_->choice()]["message"][template_->field()];
    if (!kept.is_string()) kept = "";
    joined_ = kept.get_ptr<std::string*>();
  }
  return template_->append_piece(data, *joined_);
}

void EventStream::take_chunk(const dom::element& chunk) {
  joined_ = nullptr;  // what it points into may change
  const Members members = members_of(chunk);
  if (const auto error = members.find("error");
      error != members.end() && !error->second.is_null()) {
    error_ = json_of(chunk);
    return;
  }
  for (const auto& [name, value] : members) {
    dom::array choices;
    if (name == "choices" && value.get(choices) == SUCCESS) {
      for (const dom::element choice : choices) take_choice(choice);
    } else if (!value.is_null()) {
      keep(whole_, name, value);
    }
  }
}

void EventStream::take_choice(const dom::element& choice) {
  dom::object object;
  if (choice.get(object) != SUCCESS) return;
  const Members members = members_of(object);
  std::int64_t index = 0;
  const auto named = members.find("index");
  if (named == members.end() || named->second.get(index) != SUCCESS) index = 0;
  add_to_choice(members, choices_[index], index);
}

Result<std::string> EventStream::body() {
  if (!line_.empty()) take_line(std::exchange(line_, {}));
  end_event();
  if (!error_.is_null()) return dump_json(error_);
  if (!improper_.empty()) {
    return Status(StatusCode::invalid_data, "an event that is no JSON object: " + improper_);
  }
  const bool finished =
      !choices_.empty() && std::all_of(choices_.begin(), choices_.end(), [](const auto& choice) {
        return !choice.second.at("finish_reason").is_null();
      });
  if (!done_ && !finished) {
    return Status(StatusCode::invalid_data,
                  "the event stream ended before the answer did (no finish_reason, no [DONE])");
  }
  Json choices = Json::array();
  for (auto& [index, choice] : choices_) choices.push_back(std::move(choice));
  whole_["object"] = "chat.completion";
  whole_["choices"] = std::move(choices);
  return dump_json(whole_);
}

}  // namespace rare::llm
