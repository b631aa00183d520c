#include "dataset_card.h"

#include <utility>

namespace rare::exports {
namespace {

// Markdown shows no comments.
constexpr const char* kMark =
    "<!-- This page is written by an export of rare-engine, anew each time. Its parameters "
    "`description` and `card` take what else is to stand here. -->";

// YAML takes JSON as it is.
std::string on_one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string front_matter(const DatasetCard& card) {
  std::string text = "---\n";
  if (!card.license.empty()) text += "license: " + on_one_line(card.license) + "\n";
  for (auto at = card.more.begin(); at != card.more.end(); ++at) {
    text += on_one_line(at.key()) + ": " + on_one_line(at.value()) + "\n";
  }
  text += "configs:\n- config_name: default\n  data_files:\n";
  const auto split = [&text](const std::string& name) {
    text += "  - split: " + name + "\n    path: " + name + ".jsonl\n";
  };
  const bool has_validation = card.counts.validation.rows > 0;
  if (card.counts.train.rows > 0 || !has_validation) split("train");
  if (has_validation) split("validation");
  text += "dataset_info:\n  features: " + on_one_line(card.features) + "\n---\n";
  return text;
}

std::string table_of_counts(const DatasetCounts& counts) {
  std::string text = "| part | records | rows | file |\n|---|---|---|---|\n";
  for (const auto& [name, part] : {std::pair<std::string, const PartCounts&>("train", counts.train),
                                   {"validation", counts.validation}}) {
    text += "| " + name + " | " + std::to_string(part.records) + " | " + std::to_string(part.rows) +
            " | `" + name + ".jsonl` |\n";
  }
  return text;
}

std::string table_of_models(const DatasetCounts& counts) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> records;  // by node and model
  for (const auto& [text, count] : counts.models) {
    const Json models = Json::parse(text, nullptr, false);
    if (!models.is_object()) continue;
    for (auto at = models.begin(); at != models.end(); ++at) {
      records[{at.key(), at->is_string() ? at->get<std::string>() : on_one_line(*at)}] += count;
    }
  }
  if (records.empty()) {
    return "No model is known to have had a part in these records.\n";
  }
  std::string text = "| node | model | records |\n|---|---|---|\n";
  for (const auto& [made_by, count] : records) {
    text += "| " + made_by.first + " | " + made_by.second + " | " + std::to_string(count) + " |\n";
  }
  return text;
}

std::string table_of_left_out(const DatasetCounts& counts) {
  if (counts.left_out.empty()) return {};
  std::string text = "\n## Left out of the rows\n\n| what | texts |\n|---|---|\n";
  for (const auto& [what, count] : counts.left_out) {
    text += "| " + what + " | " + std::to_string(count) + " |\n";
  }
  return text;
}

}  // namespace

Status check_card_keys(const Json& more) {
  const auto refused = [](const std::string& came) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "`card`: expected a map of keys for the front matter of README.md, came " + came);
  };
  if (!more.is_object()) return refused(more.type_name());
  for (const char* own : {"configs", "dataset_info", "license"}) {
    if (more.contains(own)) {
      return refused("the key `" + std::string(own) +
                     "`, which is written from the records and from `license`; leave it out");
    }
  }
  return Status();
}

bool is_dataset_card(const std::string& text) { return text.find(kMark) != std::string::npos; }

std::string dataset_card_text(const DatasetCard& card) {
  std::string text = front_matter(card) + "\n" + kMark + "\n\n# " + card.title + "\n\n";
  if (!card.description.empty()) text += card.description + "\n\n";
  text += table_of_counts(card.counts);
  text += "\nNo document has rows in both parts.\n\n## Models\n\n" + table_of_models(card.counts);
  text += table_of_left_out(card.counts);
  text += "\n## Settings of the export\n\n```json\n" +
          card.settings.dump(2, ' ', false, Json::error_handler_t::replace) + "\n```\n";
  return text;
}

}  // namespace rare::exports
