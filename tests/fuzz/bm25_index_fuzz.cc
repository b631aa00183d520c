// Index files that hold anything: as the input stands, and (where its first byte is odd) a sound
// index with some of its bytes changed and checksums that fit again. What opens and has no faults
// is searched, which must stay within the file.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "plugins/bm25/index_builder.h"
#include "plugins/bm25/index_check.h"
#include "plugins/bm25/window_search.h"

namespace {

using namespace rare::bm25;

constexpr std::size_t kChangeBytes = 4;  // three of a place, one of a value

std::string sound_index(bool compact, Scoring scoring) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("rare-fuzz-" + std::to_string(::getpid()));
  BuildSettings settings;
  settings.analyzer = "whitespace";
  settings.window_documents = 64;
  settings.compact = compact;
  settings.scoring = scoring;
  auto builder = IndexBuilder::make(folder, settings);
  for (int i = 0; i < 200; ++i) {
    std::string text = "all";
    for (int word = i % 7; word < 7; ++word) text += " w" + std::to_string(i * word % 50);
    if (!(*builder)->add(i % 11 == 3 ? "" : text, i % 5 == 0 ? "id" : "").ok()) std::abort();
  }
  if (!(*builder)->finish(folder / "x.index").ok()) std::abort();
  std::ifstream file(folder / "x.index", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::filesystem::remove_all(folder);
  return bytes;
}

std::string changed_index(const std::uint8_t* data, std::size_t size) {
  static const std::array<std::string, 4> indexes = {
      sound_index(false, Scoring::lucene), sound_index(true, Scoring::lucene),
      sound_index(false, Scoring::reference), sound_index(true, Scoring::reference)};
  std::string bytes = indexes[data[0] >> 1 & 3U];
  for (std::size_t at = 1; at + kChangeBytes <= size; at += kChangeBytes) {
    const std::size_t place = data[at] | data[at + 1] << 8 | data[at + 2] << 16;
    bytes[place % bytes.size()] = static_cast<char>(data[at + 3]);
  }
  IndexHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  for (SectionPlace& place : header.sections) {
    if (place.offset > bytes.size() || place.bytes > bytes.size() - place.offset) continue;
    place.checksum =
        checksum_of(std::as_bytes(std::span(bytes.data() + place.offset, place.bytes)));
  }
  header.checksum = header_checksum(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

void search(const IndexFile& index) {
  const std::vector<std::string> words = {"all", "w1", "w7", "w7", "w49", "none"};
  const std::vector<std::string> one = {"w12"};
  const std::vector<Query> queries = {query_of(index, words, 5), query_of(index, one, 1000)};
  WindowSearcher searcher(index);
  for (const auto& hits : searcher.search(queries)) {
    for (const ScoredDocument& hit : hits) {
      (void)index.text(hit.document).size();
      (void)index.id(hit.document).size();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes = (data[0] & 1U) != 0
                                ? changed_index(data, size)
                                : std::string(reinterpret_cast<const char*>(data), size);
  const int file = memfd_create("index", MFD_CLOEXEC);
  if (file < 0 || ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  const auto index =
      IndexFile::open("/proc/self/fd/" + std::to_string(file), IndexFile::Check::all);
  if (index && faults_of_index(**index).empty() && make_analyzer((*index)->analyzer()) != nullptr) {
    search(**index);
  }
  ::close(file);
  return 0;
}
