#include "input_parts.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "byte_reader.h"
#include "moved_parts.h"

namespace rare::files {
namespace {

Status refused_part(const std::string& path, const std::string& what) {
  return Status::run_fault(StatusCode::invalid_argument, path + ": " + what);
}

Status not_as_it_was(const std::string& path, const std::string& what) {
  return refused_part(path, what + "; put it back as it was, or " + kAnew);
}

Result<InputPart> part_from(const Json& known) {
  InputPart part;
  try {
    part.file.path = known.at("path").get<std::string>();
    part.file.size_bytes = known.at("size").get<std::uint64_t>();
    part.leaves_unfinished_line = known.contains("content_sha256");
    if (const auto from = known.find("from"); from != known.end()) {
      part.begin_bytes = from->at("begin_bytes").get<std::uint64_t>();
      part.from.offset = from->at("offset").get<std::uint64_t>();
      part.from.line = from->at("line").get<std::uint64_t>();
      part.from.line_start = from->at("line_start").get<std::uint64_t>();
      part.from.ordinal = from->at("ordinal").get<std::uint64_t>();
      if (part.from.offset > 0) part.from.stage = ReaderPosition::Stage::inside;
    }
  } catch (const Json::exception& error) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "what the earlier start read cannot be understood (" +
                                 std::string(error.what()) + "); start with --fresh");
  }
  part.identity = known;
  return part;
}

// The size that a file of an earlier start has now. Refused if it is not what it was up to where it
// ended then.
Result<std::uint64_t> size_now(const InputPart& last) {
  const std::string& path = last.file.path;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return not_as_it_was(path, std::string("an earlier start read it, and it is there no more (") +
                                   std::strerror(errno) + ")");
  }
  const std::uint64_t before = last.file.size_bytes;
  const auto now = static_cast<std::uint64_t>(info.st_size);
  if (now < before) {
    return not_as_it_was(path, "became shorter since an earlier start read it: expected at least " +
                                   std::to_string(before) + " bytes, came " + std::to_string(now));
  }
  const std::int64_t mtime_ns =
      std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (now == before && last.identity.value("mtime_ns", std::int64_t{0}) == mtime_ns) return now;
  std::string digest;
  if (last.leaves_unfinished_line) {
    Result<std::string> content = hash_first_bytes(last.file);
    if (!content) return content.status();
    digest = std::move(*content);
  } else {
    const Result<Json> identity = identify_first_bytes(last.file);
    if (!identity) return identity.status();
    digest = identity->at("sha256").get<std::string>();
  }
  const char* const key = last.leaves_unfinished_line ? "content_sha256" : "sha256";
  if (digest == last.identity.value(key, "")) return now;
  return not_as_it_was(path, "changed since an earlier start read it: its first " +
                                 std::to_string(before) +
                                 " bytes are others, and only what is appended can be taken");
}

struct PartEnd {
  ReaderPosition position;
  bool leaves_line;  // behind it, which has no line break yet
};

// Where the part's records end, by reading them.
Result<PartEnd> end_of(const InputPart& part, const MakePartReader& make_reader) {
  Result<std::unique_ptr<RecordReader>> reader = make_reader(part);
  if (!reader) return reader.status();
  if (Status opened = (*reader)->open(part.file.path, part.from, part.file.size_bytes); !opened) {
    return opened;
  }
  for (;;) {
    const Result<std::optional<Json>> record = (*reader)->next();
    if (!record && record.status().fault() == Fault::run) return record.status();
    if (record && !*record) {
      return PartEnd{(*reader)->position(), (*reader)->unfinished_line().has_value()};
    }
  }
}

// Whether the last byte up to where the part ends is a line break of every format of lines.
Result<bool> ends_with_line_break(const InputPart& part, const std::string& encoding) {
  ByteReader bytes;
  const std::uint64_t from = part.from.offset;
  Status opened = bytes.open(part.file.path, from, part.file.size_bytes, encoding);
  if (!opened) return opened;
  for (bool is_break = true;;) {
    if (!bytes.window().empty()) is_break = bytes.window().back() == '\n';
    bytes.consume(bytes.window().size());
    const Result<bool> more = bytes.fill();
    if (!more) return more.status();
    if (!*more) return is_break;
  }
}

// A last line that was read without its line break must not have become another one.
Status check_line_end(const InputPart& grown, const std::string& encoding) {
  if (grown.from.offset == 0) return Status();
  ByteReader bytes;
  Status opened =
      bytes.open(grown.file.path, grown.from.offset - 1, grown.file.size_bytes, encoding);
  if (!opened) return opened;
  for (Result<bool> more = true; bytes.window().size() < 2 && *more;) {
    more = bytes.fill();
    if (!more) return more.status();
  }
  const std::string_view around = bytes.window().substr(0, 2);
  const auto is_break = [](char byte) { return byte == '\n' || byte == '\r'; };
  if (around.size() < 2 || is_break(around[0]) || is_break(around[1])) return Status();
  return refused_part(grown.file.path,
                      "its last line had no line break when an earlier start read it (line " +
                          std::to_string(grown.from.line) +
                          "), and has become another one by what was appended; " + kAnew);
}

class Followed {
 public:
  Followed(std::vector<InputPart> parts, const PartReading& reading)
      : parts_(std::move(parts)), reading_(reading) {
    for (std::size_t i = 0; i < parts_.size(); ++i) last_of_[parts_[i].file.path] = i;
  }

  // The files are as they were; with `takes_more`, what they have become since is a part, too.
  Status take_known(bool takes_more) {
    std::vector<InputPart> grown;
    const std::vector<InputPart> before = parts_;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (last_of_.at(before[i].file.path) != i) continue;
      const Result<std::uint64_t> now = size_now(before[i]);
      if (!now) return now.status();
      if (!takes_more || *now == before[i].file.size_bytes) continue;
      const bool is_last = i + 1 == before.size();
      if (Status taken = take_growth(before[i], *now, is_last, grown); !taken) return taken;
    }
    parts_.insert(parts_.end(), grown.begin(), grown.end());
    return Status();
  }

  void take_new(const std::vector<InputFile>& found) {
    std::set<std::string> known;
    for (const InputPart& part : parts_) known.insert(real_path(part.file.path));
    for (const InputFile& file : found) {
      if (!known.contains(real_path(file.path))) {
        parts_.push_back({.file = file, .leaves_unfinished_line = true});
      }
    }
  }

  std::vector<InputPart> take_parts() { return std::move(parts_); }

 private:
  Status take_growth(const InputPart& part, std::uint64_t size, bool is_last,
                     std::vector<InputPart>& grown) {
    InputPart more{.file = {part.file.path, size}, .leaves_unfinished_line = true};
    const Result<std::unique_ptr<RecordReader>> reader = reading_.make_reader(more);
    if (!reader) return reader.status();
    if (!(*reader)->can_go_on()) {
      return refused_part(
          part.file.path,
          "grew from " + std::to_string(part.file.size_bytes) + " to " + std::to_string(size) +
              " bytes, and `append` can go on in files of lines alone (jsonl, csv, tsv, "
              "text with `split: line`); put new records into new files beside it and "
              "this one back as it was, or " +
              kAnew);
    }
    const bool may_lengthen = is_last && part.leaves_unfinished_line;
    if (may_lengthen) {
      const Result<bool> ended = ends_with_line_break(part, reading_.encoding);
      if (!ended) return ended.status();
      if (*ended) return lengthen_last(size);
    }
    const Result<PartEnd> end = end_of(part, reading_.make_reader);
    if (!end) return end.status();
    // A last line that was read without its break ends where it ended, whatever is glued to it:
    // read from the part's start, both would be one record.
    if (may_lengthen && end->leaves_line) return lengthen_last(size);
    // At a file's start a mark may have been passed; what comes before the rows is still to be
    // read.
    if (end->position.stage == ReaderPosition::Stage::inside) more.from = end->position;
    more.begin_bytes = part.file.size_bytes;
    if (!part.leaves_unfinished_line) {
      if (Status checked = check_line_end(more, reading_.encoding); !checked) return checked;
    }
    grown.push_back(std::move(more));
    return Status();
  }

  Status lengthen_last(std::uint64_t size) {
    parts_.back().file.size_bytes = size;
    parts_.back().identity = Json();
    return Status();
  }

  std::vector<InputPart> parts_;
  const PartReading& reading_;
  std::map<std::string, std::size_t> last_of_;  // path -> its last part
};

Result<Json> identify_part(const InputPart& part) {
  if (!part.leaves_unfinished_line) return identify(part.file);
  Result<Json> identity = identify_first_bytes(part.file);
  if (!identity) return identity.status();
  const Result<std::string> content = hash_first_bytes(part.file);
  if (!content) return content.status();
  (*identity)["content_sha256"] = *content;
  if (part.begin_bytes > 0 || part.from.offset > 0) {
    (*identity)["from"] = {{"begin_bytes", part.begin_bytes},
                           {"offset", part.from.offset},
                           {"line", part.from.line},
                           {"line_start", part.from.line_start},
                           {"ordinal", part.from.ordinal}};
  }
  return identity;
}

bool has_more(const std::vector<InputPart>& parts, const Json& earlier) {
  return parts.size() != earlier.size() ||
         std::any_of(parts.begin(), parts.end(),
                     [](const InputPart& part) { return part.identity.is_null(); });
}

}  // namespace

std::vector<InputPart> parts_of(const std::vector<InputFile>& files, bool may_grow) {
  std::vector<InputPart> parts;
  for (const InputFile& file : files) {
    parts.push_back({.file = file, .leaves_unfinished_line = may_grow});
  }
  return parts;
}

Result<FollowedParts> follow_parts(const Json& earlier, const std::vector<InputFile>& found,
                                   bool takes_more, const PartReading& reading) {
  std::vector<InputPart> parts;
  for (const Json& known : earlier) {
    Result<InputPart> part = part_from(known);
    if (!part) return part.status();
    parts.push_back(std::move(*part));
  }
  Result<std::vector<MovedFile>> moved = find_moved_parts(parts, found, takes_more, reading.format);
  if (!moved) return moved.status();
  Followed followed(std::move(parts), reading);
  if (Status taken = followed.take_known(takes_more); !taken) return taken;
  if (takes_more) followed.take_new(found);
  FollowedParts result{followed.take_parts(), std::move(*moved)};
  if (!has_more(result.parts, earlier)) {
    for (std::size_t i = 0; i < earlier.size(); ++i) result.parts[i].identity = earlier[i];
  }
  return result;
}

Result<Json> identify_parts(std::vector<InputPart>& parts) {
  Json list = Json::array();
  for (InputPart& part : parts) {
    if (part.identity.is_null()) {
      Result<Json> identity = identify_part(part);
      if (!identity) return identity.status();
      part.identity = std::move(*identity);
    }
    list.push_back(part.identity);
  }
  return list;
}

}  // namespace rare::files
