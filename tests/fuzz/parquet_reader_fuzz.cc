// Parquet files, whole, cut or damaged: read, or told to be damaged, from every position alike, and
// whatever is read can be written as JSON.
#include <arrow/util/utf8.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "arrow_reader.h"
#include "reader_fuzz.h"

namespace {

// A few bytes may stand for billions of rows that are null: no more than these are looked at.
constexpr std::uint64_t kMostRows = 20'000;

class AllColumns {
 public:
  rare::Status open(const std::string& path, const rare::files::ReaderPosition& from,
                    std::size_t size) {
    return reader_.open(path, from, size);
  }
  rare::Result<std::optional<rare::Json>> next() {
    if (position().ordinal >= kMostRows) return std::optional<rare::Json>();
    return reader_.next();
  }
  rare::files::ReaderPosition position() const { return reader_.position(); }

 private:
  rare::parquet::ArrowReader reader_{{}};
};

// Whether the file is one; if not, the message says so.
bool opens(const std::string& path, std::size_t size) {
  AllColumns reader;
  const rare::Status opened = reader.open(path, {}, size);
  if (opened) return true;
  rare::files::fuzz::expect(opened.fault() == rare::Fault::run);
  rare::files::fuzz::expect(opened.message().starts_with(path));
  (void)rare::Json(opened.message()).dump();
  return false;
}

}  // namespace

// Arrow's buffers are the system's, so that AddressSanitizer sees what is read of them; the tables
// are what arrow_parts.cc prepares. Arrow asks for as much memory as a page says that it takes
// unpacked, 2 GiB at most, before it looks at the page.
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  static char limit[] = "-malloc_limit_mb=4096";
  static std::vector<char*> all(*arguments, *arguments + *count);
  all.insert(all.begin() + 1, limit);
  all.push_back(nullptr);
  *count += 1;
  *arguments = all.data();
  ::arrow::util::InitializeUTF8();
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rare::files::fuzz;
  const MemoryFile file({reinterpret_cast<const char*>(data), size});
  if (!opens(file.path(), size)) return 0;
  const Reading whole = read_from<AllColumns>(file.path(), size, {});
  check_positions<AllColumns>(file.path(), size, whole);
  return 0;
}
