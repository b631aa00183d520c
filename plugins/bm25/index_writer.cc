#include "plugins/bm25/index_writer.h"

#include <array>

namespace rare::bm25 {

Result<IndexWriter> IndexWriter::make(const std::filesystem::path& folder) {
  Result<FileInTheMaking> file = FileInTheMaking::make(folder);
  if (!file) return file.status();
  // The header comes last: until then its place holds zeros.
  const std::array<std::byte, sizeof(IndexHeader)> place{};
  if (Status status = file->append(place); !status.ok()) return status;
  return IndexWriter(std::move(*file));
}

Status IndexWriter::begin(Section section) {
  if (Status status = file_.align(kSectionAlignment); !status.ok()) return status;
  place(section).offset = file_.size();
  return Status();
}

void IndexWriter::end(Section section) {
  place(section).bytes = file_.size() - place(section).offset;
}

Status IndexWriter::write(Section section, std::span<const std::byte> bytes) {
  Status status = begin(section);
  if (status.ok()) status = append(bytes);
  end(section);
  return status;
}

Result<MappedRegion> IndexWriter::reserve(Section section, std::uint64_t bytes) {
  if (Status status = begin(section); !status.ok()) return status;
  Result<MappedRegion> region = file_.reserve(bytes);
  end(section);
  return region;
}

Result<MappedRegion> IndexWriter::map(Section section) {
  return file_.map(place(section).offset, place(section).bytes);
}

Status IndexWriter::publish(const std::filesystem::path& path) && {
  if (Status status = file_.align(kSectionAlignment); !status.ok()) return status;
  for (SectionPlace& place : header_.sections) {
    Result<MappedRegion> region = file_.map(place.offset, place.bytes);
    if (!region) return region.status();
    place.checksum = checksum_of(region->bytes());
  }
  header_.header_bytes = sizeof(IndexHeader);
  header_.file_bytes = file_.size();
  header_.checksum = header_checksum(header_);
  Result<MappedRegion> beginning = file_.map(0, sizeof(IndexHeader));
  if (!beginning) return beginning.status();
  beginning->as<IndexHeader>()[0] = header_;
  return std::move(file_).publish(path);
}

}  // namespace rare::bm25
