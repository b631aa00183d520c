#include <array>
#include <filesystem>

#include "plugins/bm25/impact_layout.h"
#include "plugins/bm25/index_builder.h"

namespace rare::bm25 {

Status remake_index(const IndexFile& index, const BuildSettings& settings,
                    const std::filesystem::path& path) {
  Result<IndexWriter> writer = IndexWriter::make(path.parent_path());
  if (!writer) return writer.status();
  writer->header() = index.header();
  writer->header().parameters = settings.parameters;
  writer->header().flags = settings.scoring == Scoring::reference ? kReferenceScoring : 0;
  Status status;
  for (const Section section :
       {Section::texts, Section::text_starts, Section::norms, Section::documents,
        Section::document_starts, Section::term_texts, Section::term_slots, Section::terms}) {
    if (status.ok()) status = writer->write(section, index.section(section));
    if (status.ok() && settings.stopped()) status = Status::cancelled();
  }
  if (!status.ok()) return status;
  const Result<MappedRegion> terms = writer->map(Section::terms);
  if (!terms) return terms.status();
  choose_rows(writer->header(), terms->as<TermRecord>());
  const auto as_array = [&]<class T>(Section section, T) {
    const std::span<const std::byte> bytes = index.section(section);
    return std::span(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
  };
  const DocumentsView documents{as_array(Section::norms, std::uint8_t{}),
                                as_array(Section::documents, std::uint8_t{}),
                                as_array(Section::document_starts, std::uint64_t{})};
  status = write_impacts(*writer, documents, terms->as<TermRecord>(), settings.threads,
                         settings.stopped);
  return status.ok() ? std::move(*writer).publish(path) : status;
}

}  // namespace rare::bm25
