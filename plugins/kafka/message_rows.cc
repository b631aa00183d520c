#include "plugins/kafka/message_rows.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <variant>

#include "plugins/files/byte_reader.h"

namespace rare::kafka {
namespace {

constexpr std::uint32_t kNoKey = std::numeric_limits<std::uint32_t>::max();

std::string_view bytes_of(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

MessageFormat format_of(const std::string& name) {
  return name == "text" ? MessageFormat::text : MessageFormat::json;
}

std::string place_of(const rd_kafka_message_t& message) {
  return std::string(rd_kafka_topic_name(message.rkt)) + "[" + std::to_string(message.partition) +
         "]@" + std::to_string(message.offset);
}

Result<Json> MessageParser::object_of(std::string_view value) {
  if (fields_.format == MessageFormat::text) {
    const std::size_t wrong = files::first_invalid_utf8(value);
    if (wrong == value.size()) return Json{{fields_.text_field, value}};
    return Status(StatusCode::invalid_data,
                  "byte " + std::to_string(wrong + 1) + ": expected UTF-8, came another byte");
  }
  padded_.assign(value);
  padded_.append(files::ByteReader::kPaddingBytes, ' ');
  auto parsed = parser_.parse_object(std::string_view(padded_).substr(0, value.size()));
  if (const auto* problem = std::get_if<files::ParseProblem>(&parsed)) {
    return Status(StatusCode::invalid_data, "byte " + std::to_string(problem->byte + 1) +
                                                ": expected " + problem->expected + ", came " +
                                                problem->came);
  }
  return std::get<Json>(std::move(parsed));
}

Status MessageParser::add(Json& object, const std::string& field, Json value) const {
  if (!object.contains(field)) {
    object[field] = std::move(value);
    return Status();
  }
  return Status(StatusCode::invalid_data, "expected a value without the field " +
                                              Json(field).dump() +
                                              ", which is to be added, came one that has it; "
                                              "choose another name");
}

Result<Record> MessageParser::parse(const rd_kafka_message_t& message) {
  const std::string_view value = bytes_of(message.payload, message.len);
  const auto refused = [&](const std::string& why) {
    return Status(StatusCode::invalid_data, place_of(message) + ": " + why)
        .with_raw(std::string(value));
  };
  if (message.payload == nullptr) return refused("expected a value, came a message without one");
  Result<Json> object = object_of(value);
  if (!object) return refused(object.status().message());
  Status added;
  if (!fields_.key_field.empty()) {
    const std::string_view key = bytes_of(message.key, message.key_len);
    if (files::first_invalid_utf8(key) != key.size()) {
      return refused("expected a key of UTF-8, came other bytes; leave `key_field` out");
    }
    added = add(*object, fields_.key_field, message.key == nullptr ? Json() : Json(key));
  }
  if (added.ok() && !fields_.place_field.empty()) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const std::int64_t at_ms = rd_kafka_message_timestamp(&message, &type);
    const bool is_known = type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    added = add(*object, fields_.place_field,
                Json{{"topic", rd_kafka_topic_name(message.rkt)},
                     {"partition", message.partition},
                     {"offset", message.offset},
                     {"timestamp_ms", is_known ? Json(at_ms) : Json()}});
  }
  if (!added.ok()) return refused(added.message());
  Record record(std::move(*object));
  record.set_label(place_of(message));
  return record;
}

std::string pack_row(const MessageRow& row) {
  const std::uint32_t key_bytes = row.key ? static_cast<std::uint32_t>(row.key->size()) : kNoKey;
  std::string packed(sizeof key_bytes, '\0');
  std::memcpy(packed.data(), &key_bytes, sizeof key_bytes);
  if (row.key) packed += *row.key;
  packed += row.value;
  return packed;
}

MessageRow unpack_row(std::string_view packed) {
  std::uint32_t key_bytes = 0;
  std::memcpy(&key_bytes, packed.data(), sizeof key_bytes);
  packed.remove_prefix(sizeof key_bytes);
  if (key_bytes == kNoKey) return {std::nullopt, packed};
  return {packed.substr(0, key_bytes), packed.substr(key_bytes)};
}

}  // namespace rare::kafka
