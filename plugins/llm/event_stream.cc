#include "plugins/llm/event_stream.h"

#include <algorithm>
#include <utility>

#include "plugins/llm/json_text.h"

namespace rare::llm {
namespace {

// Joins texts and lists; anything else takes the place of what was there.
void join(Json& kept, const Json& more) {
  if (more.is_null()) return;
  if (kept.is_string() && more.is_string()) {
    kept.get_ref<std::string&>() += more.get_ref<const std::string&>();
  } else if (kept.is_array() && more.is_array()) {
    kept.insert(kept.end(), more.begin(), more.end());
  } else {
    kept = more;
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
  Json chunk = Json::parse(data, nullptr, false);
  if (!chunk.is_object()) {
    if (improper_.empty()) improper_ = data.substr(0, 200);
    return;
  }
  // Not again and again: two templates, of reasoning and answer, serve a whole stream as a rule.
  constexpr int kMostTemplates = 8;
  if (templates_ < kMostTemplates) {
    if (auto found = PieceTemplate::of(data, chunk)) {
      template_ = std::move(found);
      ++templates_;
    }
  }
  take_chunk(std::move(chunk));
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

void EventStream::take_chunk(Json chunk) {
  joined_ = nullptr;  // what it points into may change
  if (const auto error = chunk.find("error"); error != chunk.end() && !error->is_null()) {
    error_ = std::move(chunk);
    return;
  }
  for (const auto& [name, value] : chunk.items()) {
    if (name == "choices" && value.is_array()) {
      for (const Json& choice : value) take_choice(choice);
    } else if (!value.is_null()) {
      whole_[name] = value;
    }
  }
}

void EventStream::take_choice(const Json& choice) {
  if (!choice.is_object()) return;
  const auto number = choice.find("index");
  const std::int64_t index =
      number != choice.end() && number->is_number_integer() ? number->get<std::int64_t>() : 0;
  Json& kept = choices_[index];
  if (kept.is_null()) {
    kept = {{"index", index}, {"message", {{"role", "assistant"}}}, {"finish_reason", nullptr}};
  }
  for (const auto& [name, value] : choice.items()) {
    if (name == "delta" && value.is_object()) {
      for (const auto& [field, piece] : value.items()) {
        if (field != "role") join(kept["message"][field], piece);
      }
    } else if (name == "logprobs" && value.is_object()) {
      for (const auto& [field, list] : value.items()) join(kept["logprobs"][field], list);
    } else if (name != "index" && !value.is_null()) {
      kept[name] = value;
    }
  }
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
