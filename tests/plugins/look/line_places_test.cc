#include "plugins/look/line_places.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "plugins/files/input_files.h"
#include "plugins/look/record_file.h"
#include "plugins/look/row_blocks.h"
#include "scratch_folder.h"

namespace rare::look {
namespace {

using testing::ScratchFolder;

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string line_of(std::uint64_t number) {
  return "{\"n\":" + std::to_string(number) + ",\"text\":\"" + std::string(number % 97, 'x') +
         "\"}";
}

// With blank lines and line ends of both kinds, several places long.
std::string many_lines(std::uint64_t count) {
  std::string bytes = "\xef\xbb\xbf";
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes += line_of(i) + (i % 5 == 0 ? "\r\n" : "\n") + (i % 7 == 0 ? " \n\n" : "");
  }
  return bytes;
}

std::unique_ptr<LineFile> opened(const std::string& path) {
  auto file = LineFile::open(path, std::nullopt, true);
  REQUIRE(file.ok());
  return std::move(*file);
}

void scan_all(LineFile& file, std::uint64_t step) {
  for (;;) {
    const Result<bool> more = file.scan(step);
    REQUIRE(more.ok());
    if (!*more) return;
  }
}

TEST_CASE("every line is found by its number, whatever the steps of the scan") {
  const ScratchFolder folder;
  constexpr std::uint64_t kCount = 30000;
  write(folder / "a.jsonl", many_lines(kCount));
  for (const std::uint64_t step :
       {std::uint64_t{1}, std::uint64_t{300'000}, std::uint64_t{1} << 40}) {
    const auto file = opened(folder / "a.jsonl");
    scan_all(*file, step);
    CHECK(file->places().records == kCount);
    CHECK(file->places().entries.size() > 3);
    for (const std::uint64_t number :
         {std::uint64_t{1}, std::uint64_t{4999}, std::uint64_t{12345}, kCount - 1}) {
      const auto line = file->line(number);
      REQUIRE(line.ok());
      REQUIRE(*line);
      CHECK((*line)->starts_with(line_of(number)));
    }
    CHECK_FALSE(*file->line(kCount));
  }
}

TEST_CASE("lines are found on the way up, on the way down and by leaps") {
  const ScratchFolder folder;
  constexpr std::uint64_t kCount = 30000;
  write(folder / "a.jsonl", many_lines(kCount));
  const auto file = opened(folder / "a.jsonl");
  scan_all(*file, 1 << 20);
  const auto is_right = [&](std::uint64_t number) {
    const auto line = file->line(number);
    return line.ok() && *line && (*line)->find(line_of(number)) != std::string::npos;
  };
  std::uint64_t right = 0;
  for (std::uint64_t number = 0; number < kCount; ++number) right += is_right(number);
  for (std::uint64_t number = kCount; number-- > kCount - 3000;) right += is_right(number);
  for (std::uint64_t leap = 0; leap < 1000; ++leap) right += is_right(leap * 7919 % kCount);
  CHECK(right == kCount + 4000);
}

TEST_CASE("an empty file, one without a last line end, one line, and blank lines only") {
  const ScratchFolder folder;
  for (const auto& [bytes, records] : {std::pair<const char*, std::uint64_t>{"", 0},
                                       {"{}", 1},
                                       {"{}\n", 1},
                                       {"\n \n\t\n", 0},
                                       {"\n{}\n\n{}  ", 2}}) {
    INFO(bytes);
    write(folder / "a.jsonl", bytes);
    const auto file = opened(folder / "a.jsonl");
    scan_all(*file, 1 << 20);
    CHECK(file->complete());
    CHECK(file->places().records == records);
    if (records > 0) CHECK((**file->line(records - 1)).starts_with("{}"));
  }
}

TEST_CASE("places that were kept are taken over, and those of another file are not") {
  const ScratchFolder folder;
  const std::string path = folder / "a.jsonl", kept = LineFile::kept_path(path);
  write(path, many_lines(20000));
  {
    const auto file = opened(path);
    scan_all(*file, 1 << 20);
    CHECK(file->keep());
  }
  REQUIRE(std::filesystem::exists(kept));
  const auto again = opened(path);
  CHECK(again->complete());
  CHECK((**again->line(17000)).starts_with(line_of(17000)));

  std::string bytes;
  {
    std::ifstream file(kept, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  SECTION("torn") { write(kept, bytes.substr(0, bytes.size() - 5)); }
  SECTION("empty") { write(kept, ""); }
  SECTION("a bit is another") {
    bytes[bytes.size() - 9] = static_cast<char>(bytes[bytes.size() - 9] ^ 4);
    write(kept, bytes);
  }
  SECTION("of the file as it was before") { std::ofstream(path, std::ios::app) << "{\"n\":1}\n"; }
  SECTION("as long, and changed later") {
    const auto changed = std::filesystem::last_write_time(path);
    std::filesystem::last_write_time(path, changed + std::chrono::seconds(1));
  }
  SECTION("another file of the same length and time") {
    write(path + ".new", many_lines(20000));
    std::filesystem::last_write_time(path + ".new", std::filesystem::last_write_time(path));
    std::filesystem::rename(path + ".new", path);
  }
  SECTION("as long, and the time of its change set back") {
    const auto status_changed = [&] {
      struct stat facts {};
      REQUIRE(::stat(path.c_str(), &facts) == 0);
      return std::pair(facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec);
    };
    const auto before = status_changed();
    const auto time = std::filesystem::last_write_time(path);
    write(path, many_lines(20000));
    do {  // the clock of files goes by ticks
      std::filesystem::last_write_time(path, time);
    } while (status_changed() == before);
  }
  const auto fresh = opened(path);
  CHECK(fresh->places().scanned == 0);
  scan_all(*fresh, 1 << 20);
  CHECK((**fresh->line(17000)).starts_with(line_of(17000)));
}

TEST_CASE("a scan that was left goes on where it was") {
  const ScratchFolder folder;
  const std::string path = folder / "a.jsonl";
  write(path, many_lines(60000));
  std::uint64_t scanned = 0;
  {
    const auto file = opened(path);
    REQUIRE(file->scan(1).ok());
    scanned = file->places().scanned;
    CHECK_FALSE(file->complete());
    CHECK(file->keep());
  }
  const auto file = opened(path);
  CHECK(file->places().scanned == scanned);
  scan_all(*file, 1 << 20);
  CHECK(file->places().records == 60000);
  CHECK((**file->line(59999)).starts_with(line_of(59999)));
}

TEST_CASE("places that were kept are no input, whatever pattern or folder they are found by") {
  const ScratchFolder folder;
  const std::string path = folder / "a.jsonl", places = LineFile::kept_path(path);
  const std::string others = folder / "holiday.places";  // of nothing that is there
  for (const std::string& file : {path, places, others}) write(file, "{}\n");
  const auto found_by = [&](const std::string& pattern) {
    const auto found = files::find_input_files({pattern}, [](const std::string&) { return true; });
    REQUIRE(found.ok());
    CHECK(found->passed_over == 0);
    std::vector<std::string> paths;
    for (const files::InputFile& file : found->files) paths.push_back(file.path);
    return paths;
  };
  CHECK(found_by(folder / "*") == std::vector{path, others});
  CHECK(found_by(std::filesystem::path(path).parent_path().string()) == std::vector{path, others});
  CHECK(found_by(places) == std::vector{places});
}

TEST_CASE("places that cannot be kept cost nothing else") {
  const ScratchFolder folder;
  const std::string path = folder / "a.jsonl";
  write(path, many_lines(20000));
  std::filesystem::create_directory(LineFile::kept_path(path));
  const auto file = opened(path);
  scan_all(*file, 1 << 20);
  CHECK_FALSE(file->keep());
  CHECK(file->line(19999).ok());
}

TEST_CASE("records of any format are found by their number, and what cannot be read is told") {
  const ScratchFolder folder;
  std::string table = "n,t\n", lines;
  for (int i = 0; i < 2500; ++i) {
    table += i == 1700 ? "1,2,3\n" : std::to_string(i) + ",a\n";
    lines += i == 1700 ? "{\"n\":\n" : "{\"n\":\"" + std::to_string(i) + "\"}\n";
  }
  write(folder / "a.csv", table);
  write(folder / "a.jsonl", lines);
  for (const char* name : {"a.csv", "a.jsonl"}) {
    INFO(name);
    auto file = RecordFile::open(folder / name, {});
    REQUIRE(file.ok());
    for (;;) {
      const Result<bool> more = (*file)->look_on();
      REQUIRE(more.ok());
      if (!*more) break;
    }
    CHECK((*file)->seen() == 2500);
    for (const int number : {2100, 2, 3, 999, 1000, 2499, 0}) {
      const auto found = (*file)->record(static_cast<std::uint64_t>(number));
      REQUIRE(found.ok());
      REQUIRE(*found);
      CHECK((*found)->fields["n"] == std::to_string(number));
    }
    const auto unreadable = (*file)->record(1700);
    REQUIRE(unreadable.ok());
    CHECK((*unreadable)->fields.is_null());
    CHECK((*unreadable)->fault.find("expected") != std::string::npos);
    CHECK_FALSE(*(*file)->record(2500));
  }
}

TEST_CASE("blocks give the rows of a file in order, as far as it is asked for") {
  const ScratchFolder folder;
  const std::string path = folder / "a.jsonl";
  const std::string bytes = many_lines(50000);
  write(path, bytes);
  for (const std::size_t end : {bytes.size(), bytes.size() / 2}) {
    auto blocks = RowBlocks::open(path, {}, end);
    REQUIRE(blocks.ok());
    std::uint64_t number = 0;
    for (;;) {
      const auto block = (*blocks)->next();
      REQUIRE(block.ok());
      if (!*block) break;
      REQUIRE((*block)->first == number + 1);
      for (const RowBlock::Row& row : (*block)->rows) {
        const bool whole = (*block)->text(row).starts_with(line_of(number));
        if (!whole) CHECK(end < bytes.size());
        ++number;
      }
    }
    if (end == bytes.size())
      CHECK(number == 50000);
    else
      CHECK((number > 20001 && number < 30000));
    auto records = (*blocks)->records();
    REQUIRE(records.ok());
    const auto found = (*records)->record(20000);
    REQUIRE(found.ok());
    CHECK((*found)->fields["n"] == 20000);
  }
}

}  // namespace
}  // namespace rare::look
