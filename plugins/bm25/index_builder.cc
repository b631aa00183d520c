#include "plugins/bm25/index_builder.h"

#include <algorithm>
#include <bit>
#include <exception>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include "plugins/bm25/dictionary_merge.h"
#include "plugins/bm25/impact_layout.h"

namespace rare::bm25 {
namespace {

// Large enough that handing it over costs nothing, small enough that all threads get some.
constexpr std::size_t kBatchTexts = 256;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kBatchesPerThread = 2;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

Result<std::unique_ptr<IndexBuilder>> IndexBuilder::make(const std::filesystem::path& folder,
                                                         BuildSettings settings) {
  Result<IndexWriter> writer = IndexWriter::make(folder);
  if (!writer) return writer.status();
  if (Status status = writer->begin(Section::texts); !status.ok()) return status;
  return std::unique_ptr<IndexBuilder>(
      new IndexBuilder(folder, std::move(settings), std::move(*writer)));
}

IndexBuilder::IndexBuilder(const std::filesystem::path& folder, BuildSettings settings,
                           IndexWriter writer)
    : folder_(folder),
      settings_(std::move(settings)),
      analyzer_(make_analyzer(settings_.analyzer)),
      writer_(std::move(writer)) {
  IndexHeader& header = writer_.header();
  header.parameters = settings_.parameters;
  header.window_documents = settings_.window_documents;
  if (settings_.compact) header.flags |= kCompact;
  if (settings_.scoring == Scoring::reference) header.flags |= kReferenceScoring;
  const std::string analyzer = analyzer_key(settings_.analyzer);
  std::copy_n(analyzer.begin(), std::min(analyzer.size(), header.analyzer.size()),
              header.analyzer.begin());
  for (int i = 0; i < settings_.threads; ++i) threads_.emplace_back([this] { work(); });
}

IndexBuilder::~IndexBuilder() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    closed_ = true;
  }
  changed_.notify_all();
}

Status IndexBuilder::add(std::string_view text, std::string_view id) {
  if (text_starts_.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Status(StatusCode::resource_exhausted, "the corpus has more than 2^32 - 1 records");
  }
  digester_.add(text, id);
  id_length_.clear();
  append_varint(id.size(), id_length_);
  Status status = writer_.append(std::as_bytes(std::span(id_length_)));
  if (status.ok()) status = writer_.append(bytes_of(id));
  if (status.ok()) status = writer_.append(bytes_of(text));
  if (!status.ok()) return status;
  text_starts_.push_back(text_starts_.back() + id_length_.size() + id.size() + text.size());
  batch_.texts.emplace_back(text);
  batch_.bytes += text.size();
  const bool full = batch_.texts.size() == kBatchTexts || batch_.bytes >= kBatchBytes;
  return full ? hand_over() : Status();
}

Status IndexBuilder::hand_over() {
  const std::uint64_t next = batch_.first + batch_.texts.size();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return !failure_.ok() || waiting_.size() < threads_.size() * kBatchesPerThread;
  });
  if (!failure_.ok()) return failure_;
  waiting_.push_back(std::move(batch_));
  batch_ = Batch();
  batch_.first = next;
  changed_.notify_all();
  return Status();
}

bool IndexBuilder::take(Batch& batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  if (waiting_.empty()) return false;
  batch = std::move(waiting_.front());
  waiting_.pop_front();
  changed_.notify_all();
  return true;
}

Status IndexBuilder::seal(TermRun& run, bool spill) const {
  return run.seal(spill ? std::optional(folder_) : std::nullopt);
}

void IndexBuilder::keep(Piece piece) {
  const std::lock_guard lock(mutex_);
  if (std::find(runs_.begin(), runs_.end(), piece.run) == runs_.end()) runs_.push_back(piece.run);
  pieces_.push_back(std::move(piece));
}

void IndexBuilder::work() {
  const std::uint64_t share =
      settings_.memory_limit_bytes / static_cast<std::uint64_t>(settings_.threads);
  Status status;
  try {
    auto run = std::make_shared<TermRun>();
    bool spilling = false;
    std::vector<std::string> terms;
    for (Batch batch; status.ok() && take(batch);) {
      std::uint64_t position = 0;
      for (std::size_t i = 0; i < batch.texts.size(); ++i) {
        terms.clear();
        analyzer_->analyze(batch.texts[i], terms);
        const std::uint64_t begin = run->add(terms);
        if (i == 0) position = begin;
      }
      keep({batch.first, batch.texts.size(), position, run});
      if (run->memory_bytes() < share) continue;
      spilling = true;
      status = seal(*std::exchange(run, std::make_shared<TermRun>()), true);
    }
    if (status.ok()) status = seal(*run, spilling);
  } catch (const std::bad_alloc&) {
    status = Status(StatusCode::resource_exhausted, "there is not enough memory for the index");
  } catch (const std::exception& error) {
    status = Status(StatusCode::internal, error.what());
  }
  const std::lock_guard lock(mutex_);
  if (!status.ok() && failure_.ok()) failure_ = status;
  changed_.notify_all();
}

Status IndexBuilder::stop_threads() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::jthread& thread : threads_) thread.join();
  return failure_;
}

Status IndexBuilder::finish(const std::filesystem::path& path) {
  Status status = batch_.texts.empty() ? Status() : hand_over();
  if (status.ok()) status = stop_threads();
  if (status.ok() && settings_.stopped()) status = Status::cancelled();
  if (!status.ok()) return status;
  writer_.end(Section::texts);
  IndexHeader& header = writer_.header();
  header.corpus = digester_.digest();
  header.records = text_starts_.size() - 1;
  while (header.windows() > kMaxWindows) header.window_documents *= 2;
  for (const auto& run : runs_) header.total_terms += run->total_terms();
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& left, const Piece& right) { return left.first < right.first; });
  status = writer_.write(Section::text_starts, std::as_bytes(std::span(text_starts_)));
  if (status.ok()) status = write_terms();
  if (!status.ok()) return status;
  const Result<DocumentPlaces> places = write_documents();
  if (!places) return places.status();
  const auto norms = writer_.map(Section::norms);
  const auto terms = writer_.map(Section::terms);
  for (const auto* region : {&norms, &terms}) {
    if (!*region) return region->status();
  }
  const DocumentsView view{norms->as<std::uint8_t>(), places->documents.as<std::uint8_t>(),
                           places->starts.as<std::uint64_t>()};
  status =
      write_impacts(writer_, view, terms->as<TermRecord>(), settings_.threads, settings_.stopped);
  return status.ok() ? std::move(writer_).publish(path) : status;
}

// Sections term_texts, terms (as far as they are known) and term_slots.
Status IndexBuilder::write_terms() {
  std::string texts;
  Status status = writer_.begin(Section::terms);
  TermRecord record;
  const auto write_term = [&](std::string_view text, std::uint32_t documents) {
    record.text_begin = texts.size();
    record.documents = documents;
    texts += text;
    return writer_.append(std::as_bytes(std::span(&record, 1)));
  };
  if (status.ok()) status = merge_dictionaries(runs_, write_term);
  if (!status.ok()) return status;
  record = TermRecord();
  record.text_begin = texts.size();
  status = writer_.append(std::as_bytes(std::span(&record, 1)));
  writer_.end(Section::terms);
  if (status.ok()) status = writer_.write(Section::term_texts, bytes_of(texts));
  if (!status.ok()) return status;

  const Result<MappedRegion> terms = writer_.map(Section::terms);
  if (!terms) return terms.status();
  writer_.header().terms = terms->as<TermRecord>().size() - 1;
  const std::uint64_t slots = std::bit_ceil(writer_.header().terms * 2 + 1);
  const Result<MappedRegion> region =
      writer_.reserve(Section::term_slots, slots * sizeof(std::uint32_t));
  if (!region) return region.status();
  fill_slots(region->as<std::uint32_t>(), terms->as<TermRecord>(), texts);
  return Status();
}

void IndexBuilder::fill_slots(std::span<std::uint32_t> slots, std::span<const TermRecord> terms,
                              std::span<const char> texts) const {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t term = 0; term + 1 < terms.size(); ++term) {
    const std::uint64_t begin = terms[term].text_begin;
    std::size_t slot = term_hash(texts.data() + begin, terms[term + 1].text_begin - begin) & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = static_cast<std::uint32_t>(term + 1);
  }
}

Result<MappedRegion> IndexBuilder::document_starts() {
  const std::uint64_t bytes = (writer_.header().records + 1) * sizeof(std::uint64_t);
  if (!settings_.compact) return writer_.reserve(Section::document_starts, bytes);
  for (auto* scratch : {&scratch_starts_, &scratch_documents_}) {
    Result<FileInTheMaking> file = FileInTheMaking::make_nameless(folder_);
    if (!file) return file.status();
    scratch->emplace(std::move(*file));
  }
  return scratch_starts_->reserve(bytes);
}

Status IndexBuilder::write_document_bytes(std::span<const std::uint8_t> bytes) {
  return settings_.compact ? scratch_documents_->append(std::as_bytes(bytes))
                           : writer_.append(std::as_bytes(bytes));
}

// Sections norms, document_starts and documents; counts documents and postings; chooses the rows
// and says how many blocks each term has.
Result<IndexBuilder::DocumentPlaces> IndexBuilder::write_documents() {
  IndexHeader& header = writer_.header();
  const Result<MappedRegion> norms = writer_.reserve(Section::norms, header.records);
  if (!norms) return norms.status();
  Result<MappedRegion> starts = document_starts();
  if (!starts) return starts.status();
  const Result<MappedRegion> terms = writer_.map(Section::terms);
  if (!terms) return terms.status();
  BlockCounter blocks(terms->as<TermRecord>(), header.window_documents);
  Status status = settings_.compact ? Status() : writer_.begin(Section::documents);
  std::uint64_t written = 0;
  std::vector<TermCount> counts;
  std::vector<std::uint8_t> encoded;
  for (const Piece& piece : pieces_) {
    std::uint64_t position = piece.position;
    encoded.clear();
    for (std::uint64_t ordinal = piece.first; ordinal < piece.first + piece.count; ++ordinal) {
      starts->as<std::uint64_t>()[ordinal] = written + encoded.size();
      const RunDocument document = piece.run->read(position);
      norms->as<std::uint8_t>()[ordinal] = encode_length(document.length);
      header.documents += document.length > 0 ? 1 : 0;
      read_renumbered(document, piece.run->global_numbers(), counts);
      header.postings += counts.size();
      blocks.count(ordinal, counts);
      append_document(counts, encoded);
    }
    written += encoded.size();
    if (status.ok()) status = write_document_bytes(encoded);
    if (status.ok() && settings_.stopped()) status = Status::cancelled();
    if (!status.ok()) return status;
  }
  starts->as<std::uint64_t>()[header.records] = written;
  if (!settings_.compact) writer_.end(Section::documents);
  choose_rows(header, terms->as<TermRecord>());
  blocks.set_first_blocks();
  Result<MappedRegion> documents =
      settings_.compact ? scratch_documents_->map(0, written) : writer_.map(Section::documents);
  if (!documents) return documents.status();
  return DocumentPlaces{std::move(*documents), std::move(*starts)};
}

}  // namespace rare::bm25
