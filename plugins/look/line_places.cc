#define XXH_INLINE_ALL
#include "line_places.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "plugins/files/input_files.h"

namespace rare::look {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::array<char, 8> kMagic = {'R', 'A', 'R', 'E', 'L', 'I', 'N', '2'};

struct KeptHeader {
  std::array<char, 8> magic;
  FileFacts facts;
  std::uint64_t records, scanned, entries;
  std::uint64_t checksum;  // of what stands before it, and of the entries
};

std::uint64_t checksum_of(const KeptHeader& header, const std::vector<LinePlaces::Entry>& entries) {
  const std::uint64_t of_header = XXH3_64bits(&header, offsetof(KeptHeader, checksum));
  return XXH3_64bits_withSeed(entries.data(), entries.size() * sizeof entries[0], of_header);
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_nsec};
}

}  // namespace

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Result<std::unique_ptr<LineFile>> LineFile::open(const std::string& path,
                                                 std::optional<std::uint64_t> end, bool use_kept) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::unique_ptr<LineFile> file(new LineFile(path, descriptor));
  if (descriptor < 0) return file->failure(errno);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return file->failure(errno);
  if (!S_ISREG(facts.st_mode)) {
    return Status::run_fault(StatusCode::invalid_argument, path + " is no regular file");
  }
  file->size_ = static_cast<std::uint64_t>(facts.st_size);
  file->end_ = std::min(file->size_, end.value_or(file->size_));
  file->facts_ = {file->size_, facts.st_ino, nanoseconds(facts.st_mtim),
                  nanoseconds(facts.st_ctim)};
  if (use_kept && file->end_ == file->size_) file->take_kept();
  return file;
}

LineFile::~LineFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status LineFile::failure(int error) const {
  const StatusCode code = error == ENOENT ? StatusCode::invalid_argument : StatusCode::unavailable;
  return Status::run_fault(code,
                           "reading " + path_ + ": " + std::generic_category().message(error));
}

Result<std::string> LineFile::bytes(std::uint64_t offset, std::size_t most) const {
  const std::size_t wanted =
      offset >= end_ ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(most, end_ - offset));
  std::string bytes(wanted, '\0');
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t read =
        ::pread(descriptor_, bytes.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return failure(errno);
    if (read == 0) break;  // the file was cut meanwhile
    done += static_cast<std::size_t>(read);
  }
  bytes.resize(done);
  return bytes;
}

void LineFile::note(std::uint64_t record, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t last = places_.entries.empty() ? 0 : places_.entries.back().offset;
  if (offset - last >= kBytesBetweenPlaces) places_.entries.push_back({record, offset});
  places_.records = record + 1;
  places_.scanned = offset + length;
}

Result<bool> LineFile::scan(std::uint64_t bytes_wanted) {
  const std::uint64_t start = places_.scanned;
  std::uint64_t at = start;
  bool blank = true;  // the line that begins at places_.scanned, so far
  // Always a whole line, however long.
  while (at < end_ && (at - start < bytes_wanted || places_.scanned == start)) {
    const Result<std::string> read = bytes(at, kReadBytes);
    if (!read) return read.status();
    if (read->empty()) end_ = at;  // the file was cut meanwhile
    const char* const begin = read->data();
    const char* const end = begin + read->size();
    for (const char* from = begin; from < end;) {
      const char* newline =
          static_cast<const char*>(std::memchr(from, '\n', static_cast<std::size_t>(end - from)));
      const char* const line_end = newline == nullptr ? end : newline;
      for (const char* c = from; blank && c < line_end; ++c) {
        blank = *c == ' ' || *c == '\t' || *c == '\r';
      }
      if (newline == nullptr) break;
      take_line(at + static_cast<std::uint64_t>(newline - begin) + 1, blank);
      blank = true;
      from = newline + 1;
    }
    at += read->size();
  }
  if (at >= end_ && places_.scanned < end_) take_line(end_, blank);
  return !complete();
}

void LineFile::take_line(std::uint64_t line_end, bool blank) {
  if (!blank) note(places_.records, places_.scanned, line_end - places_.scanned);
  places_.scanned = line_end;
}

Result<std::string_view> LineFile::at_hand(std::uint64_t offset) {
  if (offset < chunk_offset_ || offset >= chunk_offset_ + chunk_.size()) {
    Result<std::string> read = bytes(offset, kReadBytes);
    if (!read) return read.status();
    chunk_ = std::move(*read);
    chunk_offset_ = offset;
  }
  return std::string_view(chunk_).substr(static_cast<std::size_t>(offset - chunk_offset_));
}

Result<std::optional<std::string>> LineFile::line(std::uint64_t record) {
  if (record >= places_.records) return std::optional<std::string>();
  const auto after = std::upper_bound(
      places_.entries.begin(), places_.entries.end(), record,
      [](std::uint64_t wanted, const LinePlaces::Entry& entry) { return wanted < entry.record; });
  std::uint64_t number = 0, offset = 0;
  if (after != places_.entries.begin()) {
    number = std::prev(after)->record;
    offset = std::prev(after)->offset;
  }
  if (next_.record <= record && next_.record >= number) {
    number = next_.record;
    offset = next_.offset;
  }
  std::string line;
  while (offset < end_) {
    const Result<std::string_view> read = at_hand(offset);
    if (!read) return read.status();
    if (read->empty()) break;
    for (std::size_t from = 0; from < read->size();) {
      const std::size_t newline = read->find('\n', from);
      const std::size_t line_end = std::min(newline, read->size());
      if (line.size() < kMaxLineBytes) line.append(*read, from, line_end - from);
      if (newline == std::string::npos) break;
      if (!is_blank(line)) {
        if (number++ == record) {
          next_ = {number, offset + newline + 1};
          return std::optional<std::string>(std::move(line));
        }
      }
      line.clear();
      from = newline + 1;
    }
    offset += read->size();
  }
  if (!is_blank(line) && number == record) return std::optional<std::string>(std::move(line));
  return Status::run_fault(StatusCode::unavailable,
                           path_ + " changed while it was read; open it again");
}

std::string LineFile::kept_path(const std::string& path) { return path + files::kPlacesSuffix; }

bool LineFile::keep() const {
  if (places_.entries.empty() || places_.scanned <= kept_scanned_ || end_ != size_) return true;
  KeptHeader header{kMagic, facts_, places_.records, places_.scanned, places_.entries.size(), 0};
  header.checksum = checksum_of(header, places_.entries);
  const std::string kept = kept_path(path_);
  const std::string temporary = kept + "." + std::to_string(::getpid()) + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(places_.entries.data()),
               static_cast<std::streamsize>(places_.entries.size() * sizeof places_.entries[0]));
    if (!file.flush()) {
      file.close();
      std::remove(temporary.c_str());
      return false;
    }
  }
  if (std::rename(temporary.c_str(), kept.c_str()) == 0) return true;
  std::remove(temporary.c_str());
  return false;
}

void LineFile::take_kept() {
  std::ifstream file(kept_path(path_), std::ios::binary);
  KeptHeader header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return;
  if (header.magic != kMagic || !(header.facts == facts_)) return;
  if (header.scanned > size_ || header.entries > size_ / kBytesBetweenPlaces) return;
  std::vector<LinePlaces::Entry> entries(static_cast<std::size_t>(header.entries));
  file.read(reinterpret_cast<char*>(entries.data()),
            static_cast<std::streamsize>(entries.size() * sizeof entries[0]));
  if (!file || checksum_of(header, entries) != header.checksum) return;
  places_.entries = std::move(entries);
  places_.records = header.records;
  places_.scanned = kept_scanned_ = header.scanned;
}

}  // namespace rare::look
