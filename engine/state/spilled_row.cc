#include "engine/state/spilled_row.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/state/checksum.h"
#include "engine/state/folder.h"

namespace rare::engine {
namespace {

constexpr std::size_t kHeadBytes = 8;  // body's length, body's checksum

template <class T>
void put(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

// Takes values off the front of a frame; whole() tells whether there was enough of it.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}

  template <class T>
  T take() {
    std::uint64_t value = 0;
    const std::string_view bytes = take_bytes(sizeof(T));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<T>(value);
  }
  std::string_view take_bytes(std::size_t count) {
    if (left_.size() < count) {
      whole_ = false;
      return {};
    }
    const std::string_view bytes = left_.substr(0, count);
    left_.remove_prefix(count);
    return bytes;
  }
  std::string_view rest() const { return left_; }
  bool whole() const { return whole_; }

 private:
  std::string_view left_;
  bool whole_ = true;
};

}  // namespace

bool runs_before(const SpilledRow& a, const SpilledRow& b) {
  if (a.family != b.family) return a.family < b.family;
  return a.record.id().path() < b.record.id().path();
}

void encode_row(const RunPlace& family, const Record& record, std::string& bytes) {
  const RecordId& id = record.id();
  std::string body;
  put<std::uint32_t>(body, family.level);
  put<std::uint64_t>(body, family.ordinal);
  put<std::uint32_t>(body, family.origin);
  put<std::uint64_t>(body, id.ordinal());
  put<std::uint32_t>(body, id.source());
  put<std::uint32_t>(body, static_cast<std::uint32_t>(id.prefix().size()));
  body += id.prefix();
  put<std::uint32_t>(body, static_cast<std::uint32_t>(id.path().size()));
  for (const RecordId::Step& step : id.path()) {
    put<std::uint32_t>(body, step.child);
    put<std::uint32_t>(body, step.edge);
    put<std::uint8_t>(body, step.several ? 1 : 0);
  }
  Json::to_msgpack(record.fields(), body);
  put<std::uint32_t>(bytes, static_cast<std::uint32_t>(body.size()));
  put<std::uint32_t>(bytes, checksum(body));
  bytes += body;
}

Result<std::unique_ptr<SpilledRowReader>> SpilledRowReader::open(std::string file,
                                                                 std::uint64_t end_bytes) {
  std::FILE* const stream = std::fopen(file.c_str(), "rbe");
  if (stream == nullptr) return file_error("cannot read", file, errno);
  return std::unique_ptr<SpilledRowReader>(
      new SpilledRowReader(std::move(file), stream, end_bytes));
}

SpilledRowReader::~SpilledRowReader() { std::fclose(stream_); }

Status SpilledRowReader::damaged() const {
  return Status::run_fault(
      StatusCode::invalid_data,
      file_ + " is damaged at byte " + std::to_string(at_) +
          ": records that waited there cannot be read. Start again with --fresh: replies are "
          "kept, so nothing is paid for twice.");
}

std::shared_ptr<const std::string> SpilledRowReader::shared_prefix(std::string_view text) {
  if (text.empty()) return nullptr;
  if (!prefix_ || *prefix_ != text) prefix_ = std::make_shared<const std::string>(text);
  return prefix_;
}

Result<std::optional<SpilledRow>> SpilledRowReader::next() {
  if (at_ >= end_bytes_) return std::optional<SpilledRow>();
  char head[kHeadBytes];
  if (std::fread(head, 1, kHeadBytes, stream_) != kHeadBytes) return damaged();
  Cursor sizes(std::string_view(head, kHeadBytes));
  const auto length = sizes.take<std::uint32_t>();
  const auto expected = sizes.take<std::uint32_t>();
  if (at_ + kHeadBytes + length > end_bytes_) return damaged();
  body_.resize(length);
  if (std::fread(body_.data(), 1, length, stream_) != length) return damaged();
  if (checksum(body_) != expected) return damaged();

  Cursor body(body_);
  SpilledRow row;
  row.family.level = body.take<std::uint32_t>();
  row.family.ordinal = body.take<std::uint64_t>();
  row.family.origin = body.take<std::uint32_t>();
  const auto ordinal = body.take<std::uint64_t>();
  const auto source = body.take<std::uint32_t>();
  const auto prefix_length = body.take<std::uint32_t>();
  RecordId id(source, shared_prefix(body.take_bytes(prefix_length)), ordinal);
  const auto steps = body.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < steps && body.whole(); ++i) {
    RecordId::Step step;
    step.child = body.take<std::uint32_t>();
    step.edge = body.take<std::uint32_t>();
    step.several = body.take<std::uint8_t>() != 0;
    id = id.child(step);
  }
  Json fields = Json::from_msgpack(body.rest(), true, false);
  if (!body.whole() || !fields.is_object()) return damaged();
  frame_bytes_ = kHeadBytes + length;
  at_ += frame_bytes_;
  row.record = Record(std::move(fields), std::move(id));
  return std::optional<SpilledRow>(std::move(row));
}

}  // namespace rare::engine
