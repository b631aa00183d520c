#include "plugins/bm25/term_run.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kFirstSlots = 1024;

template <class Container>
std::size_t capacity_bytes(const Container& container) {
  return container.capacity() * sizeof(container[0]);
}

}  // namespace

std::uint64_t TermRun::add(const std::vector<std::string>& terms) {
  numbers_of_document_.clear();
  for (const std::string& term : terms) numbers_of_document_.push_back(number_of(term));
  std::sort(numbers_of_document_.begin(), numbers_of_document_.end());
  counts_.clear();
  for (const std::uint32_t number : numbers_of_document_) {
    if (!counts_.empty() && counts_.back().term == number) {
      ++counts_.back().count;
    } else {
      counts_.push_back({number, 1});
      ++dictionary_.documents[number];
    }
  }
  encoded_.clear();
  append_document(counts_, encoded_);
  const std::uint64_t begin = bytes_.size();
  append_varint(terms.size(), bytes_);
  append_varint(encoded_.size(), bytes_);
  bytes_.insert(bytes_.end(), encoded_.begin(), encoded_.end());
  total_terms_ += terms.size();
  return begin;
}

std::size_t TermRun::memory_bytes() const {
  // Sealing needs the dictionary a second time.
  const std::size_t dictionary = capacity_bytes(dictionary_.texts) +
                                 capacity_bytes(dictionary_.text_starts) +
                                 capacity_bytes(dictionary_.documents);
  return 2 * dictionary + capacity_bytes(hashes_) + capacity_bytes(slots_) +
         capacity_bytes(bytes_) + 3 * sizeof(std::uint32_t) * dictionary_.documents.size();
}

std::uint32_t TermRun::number_of(std::string_view term) {
  if ((dictionary_.documents.size() + 1) * 2 > slots_.size()) grow_slots();
  const std::uint64_t hash = term_hash(term.data(), term.size());
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t number = slots_[slot] - 1;
    if (hashes_[number] != hash) continue;
    const std::uint64_t begin = dictionary_.text_starts[number];
    const std::uint64_t end = dictionary_.text_starts[number + 1];
    if (term == std::string_view(dictionary_.texts).substr(begin, end - begin)) return number;
  }
  const auto number = static_cast<std::uint32_t>(hashes_.size());
  slots_[slot] = number + 1;
  hashes_.push_back(hash);
  dictionary_.texts += term;
  dictionary_.text_starts.push_back(dictionary_.texts.size());
  dictionary_.documents.push_back(0);
  return number;
}

void TermRun::grow_slots() {
  const std::size_t size = std::max(kFirstSlots, slots_.size() * 2);
  slots_.assign(size, 0);
  for (std::size_t number = 0; number < hashes_.size(); ++number) {
    std::size_t slot = hashes_[number] & (size - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (size - 1);
    slots_[slot] = static_cast<std::uint32_t>(number + 1);
  }
}

TermRun::Dictionary TermRun::sorted() const {
  const std::string_view texts = dictionary_.texts;
  const auto text_of = [&](std::uint32_t number) {
    const std::uint64_t begin = dictionary_.text_starts[number];
    return texts.substr(begin, dictionary_.text_starts[number + 1] - begin);
  };
  Dictionary result;
  result.numbers.resize(dictionary_.documents.size());
  std::iota(result.numbers.begin(), result.numbers.end(), 0U);
  std::sort(
      result.numbers.begin(), result.numbers.end(),
      [&](std::uint32_t left, std::uint32_t right) { return text_of(left) < text_of(right); });
  result.texts.reserve(texts.size());
  result.text_starts.reserve(dictionary_.text_starts.size());
  for (const std::uint32_t number : result.numbers) {
    result.texts += text_of(number);
    result.text_starts.push_back(result.texts.size());
    result.documents.push_back(dictionary_.documents[number]);
  }
  result.global_numbers.resize(result.numbers.size());
  return result;
}

Status TermRun::seal(const std::optional<std::filesystem::path>& folder) {
  std::vector<std::uint32_t>().swap(slots_);
  std::vector<std::uint64_t>().swap(hashes_);
  dictionary_ = sorted();
  if (folder) return spill(*folder);
  point_at_memory();
  return Status();
}

void TermRun::point_at_memory() {
  texts_ = dictionary_.texts;
  text_starts_ = dictionary_.text_starts;
  term_documents_ = dictionary_.documents;
  numbers_ = dictionary_.numbers;
  global_numbers_ = dictionary_.global_numbers;
  documents_ = bytes_;
}

Status TermRun::spill(const std::filesystem::path& folder) {
  Result<FileInTheMaking> file = FileInTheMaking::make_nameless(folder);
  if (!file) return file.status();
  point_at_memory();
  const auto move_to_file = [&](auto& span) {
    using Value = typename std::remove_reference_t<decltype(span)>::element_type;
    Status status = file->align(kSectionAlignment);
    const std::uint64_t begin = file->size();
    if (status.ok()) status = file->append(std::as_bytes(span));
    if (!status.ok()) return status;
    Result<MappedRegion> region = file->map(begin, file->size() - begin);
    if (!region) return region.status();
    span = region->template as<Value>();
    spilled_.push_back(std::move(*region));
    return Status();
  };
  Status status = move_to_file(texts_);
  if (status.ok()) status = move_to_file(text_starts_);
  if (status.ok()) status = move_to_file(term_documents_);
  if (status.ok()) status = move_to_file(numbers_);
  if (status.ok()) status = move_to_file(global_numbers_);
  if (status.ok()) status = move_to_file(documents_);
  dictionary_ = Dictionary();
  std::vector<std::uint8_t>().swap(bytes_);
  return status;
}

RunDocument TermRun::read(std::uint64_t& position) const {
  const std::uint8_t* at = documents_.data() + position;
  RunDocument document;
  document.length = static_cast<std::uint32_t>(read_varint(at));
  const auto size = static_cast<std::size_t>(read_varint(at));
  document.terms = {at, size};
  position = static_cast<std::uint64_t>(at + size - documents_.data());
  return document;
}

}  // namespace rare::bm25
