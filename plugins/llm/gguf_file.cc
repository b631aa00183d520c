#include "plugins/llm/gguf_file.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace rare::llm {
namespace {

enum ValueType : std::uint32_t { kString = 8, kArray = 9, kTypeCount = 13 };
// Bytes of each type's values; 0 for those with a length of their own.
constexpr std::array<std::uint64_t, kTypeCount> kSizes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr std::uint64_t kLongestKey = 1 << 16;
constexpr int kDeepestArray = 8;

class MetadataReader {
 public:
  explicit MetadataReader(const std::string& path) : file_(path, std::ios::binary) {
    file_.seekg(0, std::ios::end);
    size_ = static_cast<std::uint64_t>(std::max<std::streamoff>(0, file_.tellg()));
    file_.seekg(0);
  }
  bool opened() const { return static_cast<bool>(file_); }

  template <class T>
  bool number(T& value) {
    return static_cast<bool>(file_.read(reinterpret_cast<char*>(&value), sizeof(value)));
  }
  bool text(std::string& value) {
    std::uint64_t length = 0;
    if (!number(length) || length > kLongestKey) return false;
    value.resize(length);
    return static_cast<bool>(file_.read(value.data(), static_cast<std::streamsize>(length)));
  }
  bool skip_value(std::uint32_t type, int depth = 0) {
    if (type >= kTypeCount || depth > kDeepestArray) return false;
    if (type == kString) {
      std::uint64_t length = 0;
      return number(length) && skip(length);
    }
    if (type != kArray) return skip(kSizes[type]);
    std::uint32_t item_type = 0;
    std::uint64_t count = 0;
    if (!number(item_type) || !number(count) || item_type >= kTypeCount || count > size_) {
      return false;
    }
    if (kSizes[item_type] != 0) return skip(count * kSizes[item_type]);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!skip_value(item_type, depth + 1)) return false;
    }
    return true;
  }

 private:
  bool skip(std::uint64_t bytes) {
    if (bytes > size_) return false;
    // Short ones are read over: a seek would throw the stream's buffer away.
    if (bytes < 4096) file_.ignore(static_cast<std::streamsize>(bytes));
    if (bytes >= 4096) file_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur);
    return static_cast<bool>(file_) && static_cast<std::uint64_t>(file_.tellg()) <= size_;
  }

  std::ifstream file_;
  std::uint64_t size_ = 0;
};

Status bad(const std::string& path, const std::string& what) {
  return Status(StatusCode::invalid_data, path + " " + what);
}

}  // namespace

Result<GgufInfo> read_gguf(const std::string& path) {
  errno = 0;
  MetadataReader reader(path);
  if (!reader.opened()) {
    return Status(StatusCode::not_found, path + " cannot be read: " + std::strerror(errno));
  }
  char magic[4] = {};
  std::uint32_t version = 0;
  std::uint64_t tensors = 0, entries = 0;
  if (!reader.number(magic) || std::memcmp(magic, "GGUF", 4) != 0) {
    return bad(path, "is no GGUF file: it does not begin with the letters GGUF");
  }
  if (!reader.number(version) || !reader.number(tensors) || !reader.number(entries)) {
    return bad(path, "is a cut GGUF file");
  }
  if (version < 2 || version > 3) {
    return bad(path, "is a GGUF file of version " + std::to_string(version) +
                         "; versions 2 and 3 are known");
  }
  GgufInfo info;
  for (std::uint64_t i = 0; i < entries && !info.has_chat_template; ++i) {
    std::string key;
    std::uint32_t type = 0;
    if (!reader.text(key) || !reader.number(type) || !reader.skip_value(type)) {
      return bad(path, "is a GGUF file whose metadata is cut or broken");
    }
    info.has_chat_template = key == "tokenizer.chat_template";
  }
  return info;
}

}  // namespace rare::llm
