#include "record_codec.h"

#include <utility>

namespace rare::basic {

// The id is [source, ordinal, child, edge, several, child, ...], after its length in four bytes.
std::string RecordCodec::encode(const Record& record) {
  const RecordId& id = record.id();
  if (!prefixes_.contains(id.source())) {
    prefixes_[id.source()] =
        id.prefix().empty() ? nullptr : std::make_shared<const std::string>(id.prefix());
  }
  Json place = Json::array({id.source(), id.ordinal()});
  for (const RecordId::Step& step : id.path()) {
    place.push_back(step.child);
    place.push_back(step.edge);
    place.push_back(step.several);
  }
  std::string bytes(kLengthBytes, '\0');
  Json::to_cbor(place, bytes);
  const std::size_t length = bytes.size() - kLengthBytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes[i] = static_cast<char>(length >> (8 * i));
  Json::to_cbor(record.fields(), bytes);
  return bytes;
}

Result<Record> RecordCodec::decode(const std::string& bytes) const {
  try {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(i))) << (8 * i);
    }
    const auto begin = bytes.begin() + kLengthBytes;
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    const Json place = Json::from_cbor(begin, end);
    const auto source = place.at(0).get<std::uint32_t>();
    RecordId id(source, prefixes_.at(source), place.at(1).get<std::uint64_t>());
    for (std::size_t i = 2; i < place.size(); i += 3) {
      id = id.child({place.at(i), place.at(i + 1), place.at(i + 2)});
    }
    return Record(Json::from_cbor(end, bytes.end()), std::move(id));
  } catch (const std::exception& error) {
    return Status::run_fault(StatusCode::internal,
                             std::string("a record kept on disk is damaged: ") + error.what());
  }
}

}  // namespace rare::basic
