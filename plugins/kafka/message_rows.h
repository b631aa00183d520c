// Records as messages, and messages as records.
//
// Thread-safety: one thread at a time for MessageParser, any for the rest.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/files/json_element.h"
#include "plugins/kafka/client.h"
#include "rare/record.h"

namespace rare::kafka {

enum class MessageFormat { json, text };
MessageFormat format_of(const std::string& name);

// Where a message stands: topic[partition]@offset.
std::string place_of(const rd_kafka_message_t& message);

// What becomes of a message, beside its value.
struct MessageFields {
  MessageFormat format = MessageFormat::json;
  std::string text_field;   // text: what gets the value
  std::string key_field;    // empty: the key is left out
  std::string place_field;  // empty: the place is left out
};

class MessageParser {
 public:
  explicit MessageParser(MessageFields fields) : fields_(std::move(fields)) {}
  // An error is the record's, and has the value as its raw bytes.
  Result<Record> parse(const rd_kafka_message_t& message);

 private:
  Result<Json> object_of(std::string_view value);
  Status add(Json& object, const std::string& field, Json value) const;

  const MessageFields fields_;
  files::ElementParser parser_;
  std::string padded_;
};

// A key and a value as one text, which is how rows travel to the sink. Both are lent.
struct MessageRow {
  std::optional<std::string_view> key;
  std::string_view value;
};
std::string pack_row(const MessageRow& row);
MessageRow unpack_row(std::string_view packed);

}  // namespace rare::kafka
