#include "moved_parts.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "format.h"

namespace rare::files {
namespace {

// The parts of one file: the last one's hash is over all that was read of it.
using PartsOfFile = std::vector<std::size_t>;

// How many bytes from the end backwards, whole names of folders and files, are the same.
std::size_t common_end(const std::string& one, const std::string& other) {
  const auto differ = std::mismatch(one.rbegin(), one.rend(), other.rbegin(), other.rend()).first;
  const std::size_t same = static_cast<std::size_t>(differ - one.rbegin());
  const std::size_t name = one.find('/', one.size() - same);
  return name == std::string::npos ? 0 : one.size() - name;
}

// Why the file cannot be had at its path; nothing if it can.
std::optional<std::string> why_gone(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return std::nullopt;
  return std::strerror(errno);
}

enum class Fit { none, other_format, taken };

class Moves {
 public:
  Moves(std::vector<InputPart>& parts, const std::vector<InputFile>& found,
        const std::string& format)
      : parts_(parts), format_(format) {
    std::set<std::string> found_paths;
    for (const InputFile& file : found) found_paths.insert(real_path(file.path));
    std::map<std::string, PartsOfFile> known;
    for (std::size_t i = 0; i < parts.size(); ++i) known[parts[i].file.path].push_back(i);
    std::set<std::string> known_paths;
    for (auto& [path, of_file] : known) {
      const std::string real = real_path(path);
      known_paths.insert(real);
      if (!found_paths.contains(real)) missed_.push_back(std::move(of_file));
    }
    for (const InputFile& file : found) {
      if (!known_paths.contains(real_path(file.path))) new_.emplace(file.path, file);
    }
    // The longest first: a file that begins with all of a long one may begin with a short one, too,
    // which could have taken it otherwise.
    std::stable_sort(missed_.begin(), missed_.end(),
                     [this](const PartsOfFile& one, const PartsOfFile& other) {
                       return last_of(one).file.size_bytes > last_of(other).file.size_bytes;
                     });
  }

  Status find(bool takes_more) {
    if (new_.empty()) return Status();
    for (const PartsOfFile& of_file : missed_) {
      const Result<bool> taken = find_place(of_file);
      if (!taken) return taken.status();
      if (*taken) continue;
      const std::optional<std::string> gone = why_gone(last_of(of_file).file.path);
      if (takes_more || gone) return refused(last_of(of_file), gone);
    }
    return Status();
  }

  std::vector<MovedFile> take_moved() { return std::move(moved_); }

 private:
  const InputPart& last_of(const PartsOfFile& of_file) const { return parts_[of_file.back()]; }

  // The new file that stands where the known one would if it had been moved as the last one was: so
  // that a large folder is not searched for each of its files. Null: none.
  const InputFile* moved_along(const std::string& path) const {
    if (moved_from_.empty() || !path.starts_with(moved_from_)) return nullptr;
    const auto place = new_.find(moved_to_ + path.substr(moved_from_.size()));
    return place == new_.end() ? nullptr : &place->second;
  }

  // New files, those first whose folders and names are most alike.
  std::vector<const InputFile*> candidates_for(const InputPart& known) const {
    const std::string& path = known.file.path;
    const std::uint64_t size = known.file.size_bytes;
    std::vector<std::tuple<std::size_t, bool, const InputFile*>> ranked;
    for (const auto& [name, file] : new_) {
      if (file.size_bytes < size) continue;
      ranked.emplace_back(common_end(path, name), file.size_bytes == size, &file);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& one, const auto& other) {
      return std::tie(std::get<0>(one), std::get<1>(one)) >
             std::tie(std::get<0>(other), std::get<1>(other));
    });
    std::vector<const InputFile*> candidates;
    for (const auto& [end, is_same_size, file] : ranked) candidates.push_back(file);
    return candidates;
  }

  Result<bool> find_place(const PartsOfFile& of_file) {
    const InputPart& known = last_of(of_file);
    if (const InputFile* const file = moved_along(known.file.path); file != nullptr) {
      const Result<Fit> fit = take_if_it_fits(of_file, *file);
      if (!fit) return fit.status();
      if (*fit == Fit::taken) return true;
    }
    const InputFile* of_other_format = nullptr;
    for (const InputFile* const file : candidates_for(known)) {
      const Result<Fit> fit = take_if_it_fits(of_file, *file);
      if (!fit) return fit.status();
      if (*fit == Fit::taken) return true;
      if (*fit == Fit::other_format) of_other_format = file;
    }
    if (of_other_format == nullptr) return false;
    return Status::run_fault(
        StatusCode::invalid_argument,
        of_other_format->path + ": holds what an earlier start read as " + known.file.path +
            ", and its name tells another format; give it the extension that it had, or " + kAnew);
  }

  Result<Fit> take_if_it_fits(const PartsOfFile& of_file, const InputFile& file) {
    const InputPart& known = last_of(of_file);
    const Result<std::optional<Json>> identity = identify_as(known, file);
    if (!identity) return identity.status();
    if (!*identity) return Fit::none;
    const Result<bool> is_same = has_same_format(known.file.path, file.path);
    if (!is_same) return is_same.status();
    if (!*is_same) return Fit::other_format;
    move(of_file, file.path, **identity);
    return Fit::taken;
  }

  // What tells the part of the file at its new path, if that begins with all that was read.
  Result<std::optional<Json>> identify_as(const InputPart& known, const InputFile& file) const {
    if (file.size_bytes < known.file.size_bytes) return std::optional<Json>();
    const InputFile beginning{file.path, known.file.size_bytes};
    Result<Json> now = identify_first_bytes(beginning);
    if (!now) return now.status();
    if (now->at("sha256") != known.identity.value("sha256", "")) return std::optional<Json>();
    const Result<std::optional<std::string>> wanted = content_of(known);
    if (!wanted) return wanted.status();
    if (!*wanted) return std::optional<Json>();
    const Result<std::string> content = hash_first_bytes(beginning);
    if (!content) return content.status();
    if (*content != **wanted) return std::optional<Json>();
    Json identity = known.identity;
    identity["path"] = file.path;
    identity["mtime_ns"] = now->at("mtime_ns");
    return std::optional<Json>(std::move(identity));
  }

  // The hash of all that was read. Where only samples were kept, the file tells while it is there.
  Result<std::optional<std::string>> content_of(const InputPart& known) const {
    const auto kept = known.identity.find("content_sha256");
    if (kept != known.identity.end()) {
      return std::optional<std::string>(kept->get<std::string>());
    }
    struct stat info {};
    if (::stat(known.file.path.c_str(), &info) != 0 ||
        static_cast<std::uint64_t>(info.st_size) < known.file.size_bytes) {
      return std::optional<std::string>();
    }
    const Result<Json> now = identify_first_bytes(known.file);
    if (!now) return now.status();
    if (now->at("sha256") != known.identity.value("sha256", "")) {
      return std::optional<std::string>();
    }
    Result<std::string> content = hash_first_bytes(known.file);
    if (!content) return content.status();
    return std::optional<std::string>(std::move(*content));
  }

  Result<bool> has_same_format(const std::string& one, const std::string& other) const {
    const Result<const Format*> first = find_format(format_, one, Purpose::read);
    if (!first) return first.status();
    const Result<const Format*> second = find_format(format_, other, Purpose::read);
    if (!second) return second.status();
    return (*first)->name == (*second)->name;
  }

  void move(const PartsOfFile& of_file, const std::string& to, const Json& identity_of_last) {
    const std::string from = last_of(of_file).file.path;
    const std::string place = to;  // `to` goes with what is erased below
    for (const std::size_t i : of_file) {
      parts_[i].file.path = place;
      parts_[i].identity["path"] = place;
    }
    parts_[of_file.back()].identity = identity_of_last;
    new_.erase(place);
    const std::size_t same = common_end(from, place);
    if (same > 0) {
      moved_from_ = from.substr(0, from.size() - same);
      moved_to_ = place.substr(0, place.size() - same);
    }
    moved_.push_back({from, place});
  }

  // The new file that is most likely meant to be the known one.
  const InputFile* nearest_to(const std::string& path) const {
    const InputFile* nearest = nullptr;
    std::size_t most = 0;
    for (const auto& [name, file] : new_) {
      const std::size_t same = common_end(path, name);
      if (nearest != nullptr && same <= most) continue;
      nearest = &file;
      most = same;
    }
    return nearest;
  }

  Status refused(const InputPart& known, const std::optional<std::string>& gone) const {
    const std::string& path = known.file.path;
    const InputFile* const nearest = nearest_to(path);
    return Status::run_fault(
        StatusCode::invalid_argument,
        path + ": an earlier start read it, and " +
            (gone ? "it is there no more (" + *gone + ")" : "`path` finds it no more") +
            "; was the folder of the run copied or moved? Expected a new file that begins with "
            "the " +
            std::to_string(known.file.size_bytes) + " bytes that were read, came " +
            (nearest == nullptr ? "none" : nearest->path + ", which is another one") +
            "; put that file where `path` finds it, as it was, or " + kAnew);
  }

  std::vector<InputPart>& parts_;
  const std::string& format_;
  std::vector<PartsOfFile> missed_;       // not among what was found
  std::map<std::string, InputFile> new_;  // by path: nobody's yet
  std::string moved_from_;                // folders of the last file that was found: what stood
  std::string moved_to_;                  // in the one stands in the other now
  std::vector<MovedFile> moved_;
};

}  // namespace

Result<std::vector<MovedFile>> find_moved_parts(std::vector<InputPart>& parts,
                                                const std::vector<InputFile>& found,
                                                bool takes_more, const std::string& format) {
  Moves moves(parts, found, format);
  if (Status status = moves.find(takes_more); !status) return status;
  return moves.take_moved();
}

}  // namespace rare::files
