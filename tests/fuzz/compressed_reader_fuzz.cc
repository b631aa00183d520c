// Compressed bytes, whole, cut or damaged: read, or told to be damaged, from every position alike.
#include <cstddef>
#include <cstdint>

#include "byte_reader.h"
#include "reader_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rare::files::ByteReader;
  using namespace rare::files::fuzz;
  constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{16} << 20;
  const MemoryFile file({reinterpret_cast<const char*>(data), size});
  // What is held is bounded; how much comes of it need not be looked at whole.
  std::string unpacked;
  ByteReader reader;
  expect(reader.open(file.path(), 0, size).ok());
  bool whole = false;
  while (reader.offset() < kMostUnpackedBytes) {
    const auto more = reader.fill();
    if (!more.ok() || !*more) {
      whole = more.ok();
      break;
    }
    unpacked += reader.window();
    reader.consume(reader.window().size());
  }
  expect(reader.file_offset() <= size);
  if (!whole) return 0;
  const std::size_t step = unpacked.size() / 4 + 1;
  for (std::size_t at = 0; at < unpacked.size(); at += step) {
    ByteReader rest;
    expect(rest.open(file.path(), at, size).ok());
    expect(rest.offset() == at);
    const auto more = rest.fill();
    expect(more.ok() && *more);
    expect(std::string_view(unpacked).substr(at).starts_with(rest.window()));
  }
  // At the end there is nothing more.
  ByteReader beyond;
  expect(beyond.open(file.path(), unpacked.size(), size).ok());
  const auto more = beyond.fill();
  expect(more.ok() && !*more);
  return 0;
}
