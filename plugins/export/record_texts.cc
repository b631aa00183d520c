#include "record_texts.h"

#include <utility>

#include "rare/random.h"

namespace rare::exports {
namespace {

std::string name_of_type(const Json& value) { return value.is_null() ? "null" : value.type_name(); }

Result<std::string_view> usable_text(const Json& value, const std::string& key,
                                     const std::string& expected) {
  if (!value.is_string()) {
    return wrong_field(key, expected, name_of_type(value));
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return wrong_field(key, expected, "an empty one");
  }
  if (Status checked = files::check_text(key, text); !checked) return checked;
  return std::string_view(text);
}

Result<std::string> label_of(const Json& value, const std::string& key) {
  if (value.is_number()) return value.dump();
  if (!value.is_string()) return wrong_field(key, "a text or a number", name_of_type(value));
  const auto& text = value.get_ref<const std::string&>();
  if (Status checked = files::check_text(key, text); !checked) return checked;
  return text;
}

}  // namespace

Result<std::string_view> text_in(const Record& record, const std::string& key) {
  const Json* value = record.find(key);
  if (value == nullptr) return wrong_field(key, "a text", "a record without it");
  return usable_text(*value, key, "a text");
}

Result<std::vector<std::string_view>> texts_in(const Record& record, const std::string& key,
                                               const std::string& without) {
  const Json* value = record.find(key);
  if (value == nullptr) {
    return wrong_field(key, "a list of texts", "a record without it; " + without);
  }
  if (!value->is_array()) {
    return wrong_field(key, "a list of texts", name_of_type(*value));
  }
  std::vector<std::string_view> texts;
  texts.reserve(value->size());
  for (const Json& item : *value) {
    Result<std::string_view> text =
        usable_text(item, key, "a text as item " + std::to_string(texts.size() + 1));
    if (!text) return text.status();
    texts.push_back(*text);
  }
  return texts;
}

Result<std::string> label_in(const Record& record, const std::string& key) {
  const Json* value = record.find(key);
  if (value == nullptr) return wrong_field(key, "a text or a number", "a record without it");
  return label_of(*value, key);
}

Result<std::vector<std::string>> labels_in(const Record& record, const std::string& key) {
  const Json* value = record.find(key);
  if (value == nullptr || !value->is_array()) {
    return wrong_field(key, "a list of texts or numbers",
                       value == nullptr ? "a record without it" : name_of_type(*value));
  }
  std::vector<std::string> labels;
  for (const Json& item : *value) {
    Result<std::string> label = label_of(item, key);
    if (!label) return label.status();
    labels.push_back(std::move(*label));
  }
  return labels;
}

Result<std::string> rendered(const prompt::PromptTemplate& form, const Json& values,
                             const Record& record) {
  for (const std::string& name : form.names()) {
    const Json* value = record.find(name);
    if (value == nullptr || value->is_null() || values.contains(name))
      continue;  // render() says so
    if (value->is_number() || (value->is_array() && form.loops_over(name))) continue;
    const Result<std::string_view> text = usable_text(*value, name, "a text or a number");
    if (!text) return text.status();
  }
  return form.render(values, record.fields());
}

std::string digest_label(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::uint64_t hash = derive_seed(0, text, "export.label");
  std::string label(16, '0');
  for (std::size_t at = label.size(); at > 0; hash >>= 4) label[--at] = kHex[hash & 15];
  return label;
}

}  // namespace rare::exports
