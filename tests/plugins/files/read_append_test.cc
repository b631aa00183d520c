// Input that has grown between the starts of a run: `append`.
#include <algorithm>
#include <chrono>

#include "catch.h"
#include "file_fixture.h"
#include "frame_codec.h"

using rare::Json;
using rare::Position;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

// The starts of one run, as the engine makes them: what is known goes through files.
class Starts {
 public:
  explicit Starts(std::vector<std::string> paths, Json parameters = Json::object())
      : paths_(std::move(paths)), parameters_(std::move(parameters)) {
    if (!parameters_.contains("append")) parameters_["append"] = true;
  }

  void set(const std::string& name, const Json& value) { parameters_[name] = value; }
  void look_in(std::vector<std::string> paths) { paths_ = std::move(paths); }

  // Reads at most so many records or errors; what is read counts as finished.
  Reading start(std::size_t most = ~std::size_t{0}) {
    const auto source = source_of(paths_, parameters_);
    if (identity_ && parameters_["append"] == true) source->follow(*identity_, true);
    Reading reading;
    if (rare::Status opened = source->open(context_, position_); !opened.ok()) {
      reading.fault = opened;
      return reading;
    }
    const rare::Result<Json> identity = source->identity();
    REQUIRE(identity.ok());
    identity_ = Json::parse(identity->dump());
    reading = most == ~std::size_t{0} ? read_all(*source) : read_some(*source, most);
    position_ = Position{Json::parse(source->position().token.dump())};
    return reading;
  }

  // All that was read up to now, from the beginning, whatever has come since.
  Reading again() {
    const auto source = source_of(paths_, parameters_);
    source->follow(*identity_, false);
    REQUIRE(source->open(context_, std::nullopt).ok());
    return read_all(*source);
  }

  bool was_told(const std::string& text) const {
    const std::vector<std::string> lines = context_.lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return contains(line, text); });
  }

 private:
  static Reading read_some(ReadSource& source, std::size_t most) {
    Reading reading;
    for (std::size_t i = 0; i < most; ++i) {
      const auto next = source.next();
      reading.sequence.push_back(next && *next ? (*next)->fields().dump() : "error");
    }
    return reading;
  }

  std::vector<std::string> paths_;
  Json parameters_;
  rare::testing::TestContext context_;
  std::optional<Json> identity_;
  std::optional<Position> position_;
};

using Texts = std::vector<std::string>;

void append_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::app) << bytes;
}

// The same files with the same times in another folder.
void copy_folder(const Folder& folder, const std::string& from, const std::string& to) {
  std::filesystem::copy(folder.path(from), folder.path(to),
                        std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path(to))) {
    const std::filesystem::path of = std::filesystem::relative(entry.path(), folder.path(to));
    std::filesystem::last_write_time(entry.path(),
                                     std::filesystem::last_write_time(folder.path(from) / of));
  }
}

void set_back_time(const std::string& path) {
  std::filesystem::last_write_time(path,
                                   std::filesystem::last_write_time(path) - std::chrono::hours(1));
}

std::string packed_bytes(const std::string& compression, std::string_view bytes) {
  if (compression.empty()) return std::string(bytes);
  return *pack_frame(compression == ".gz" ? Compression::gzip : Compression::zstd, bytes);
}

}  // namespace

TEST_CASE("lines that were appended follow, whatever the file is packed by") {
  const std::string compression = GENERATE("", ".gz", ".zst");
  const Folder folder;
  const std::string path =
      folder.write("a.jsonl" + compression, packed_bytes(compression, "{\"n\":0}\n{\"n\":1}\n"));
  Starts run({path});
  CHECK(run.start().sequence == Texts{"{\"n\":0}", "{\"n\":1}"});
  CHECK(run.start().sequence.empty());
  append_bytes(path, packed_bytes(compression, "{\"n\":2}\n{\"n\":3}\n"));
  CHECK(run.start(1).sequence == Texts{"{\"n\":2}"});  // and is killed
  append_bytes(path, packed_bytes(compression, "{\"n\":4}\n"));
  CHECK(run.start().sequence == Texts{"{\"n\":3}", "{\"n\":4}"});
  CHECK(run.again().sequence.size() == 5);
}

TEST_CASE("files that grew and new files follow in the order in which they were found") {
  const Folder folder;
  folder.write("in/b.jsonl", "{\"n\":0}\n");
  const std::string between = folder.write("in/c.jsonl", "{\"n\":1}\n");
  folder.write("in/d.jsonl", "{\"n\":2}\n");
  Starts run({folder.path("in")});
  CHECK(run.start(2).sequence.size() == 2);  // killed before d
  folder.write("in/a.jsonl", "{\"n\":4}\n");
  append_bytes(between, "{\"n\":3}\n");
  CHECK(run.start().sequence == Texts{"{\"n\":2}", "{\"n\":3}", "{\"n\":4}"});
  append_bytes(between, "{\"n\":5}\n");
  folder.write("in/aa.csv", "n\n6\n");
  CHECK(run.start().sequence == Texts{"{\"n\":5}", "{\"n\":\"6\"}"});
  CHECK(run.start().sequence.empty());
  append_bytes(folder.path("in/aa.csv"), "7\n");
  CHECK(run.start().sequence == Texts{"{\"n\":\"7\"}"});
  const Texts all = run.again().sequence;
  CHECK(all.size() == 8);
  CHECK(all.back() == "{\"n\":\"7\"}");
}

TEST_CASE("a last line without its line break is read once it is whole") {
  struct Case {
    std::string name, before, more;
    Texts first, second;
    bool is_left;
  };
  const Case one = GENERATE(
      Case{"a.jsonl",
           "{\"n\":0}\n{\"n\":1}",
           "\n{\"n\":2}\n",
           {"{\"n\":0}", "{\"n\":1}"},
           {"{\"n\":2}"},
           false},
      Case{"a.jsonl",
           "{\"n\":1}",
           "{\"n\":2}\n{\"n\":3}\n",
           {"{\"n\":1}"},
           {"{\"n\":2}", "{\"n\":3}"},
           false},
      Case{"a.jsonl", "{\"n\":1}\r", "{\"n\":2}\n", {"{\"n\":1}"}, {"{\"n\":2}"}, false},
      Case{"a.csv", "\xef\xbb\xbfn", "ame\n0\n", {}, {"{\"name\":\"0\"}"}, true},
      Case{"a.csv", "sep=;\nn", "ame\n0\n", {}, {"{\"name\":\"0\"}"}, true},
      Case{"a.jsonl", "{\"n\":0}\n{\"n\":", "1}\n", {"{\"n\":0}"}, {"{\"n\":1}"}, true},
      Case{"a.jsonl", "{\"n\":0}\n  ", "{\"n\":1}\n", {"{\"n\":0}"}, {"{\"n\":1}"}, true},
      Case{"a.csv",
           "n\n0\n1",
           "1\n2\n",
           {"{\"n\":\"0\"}"},
           {"{\"n\":\"11\"}", "{\"n\":\"2\"}"},
           true},
      Case{"a.csv", "n\n0\n\"1\n", "2\"\n", {"{\"n\":\"0\"}"}, {"{\"n\":\"1\\n2\"}"}, true},
      Case{"a.csv", "n", "ame\n0\n", {}, {"{\"name\":\"0\"}"}, true},
      Case{"a.jsonl", "", "{\"n\":0}\n", {}, {"{\"n\":0}"}, false});
  const Folder folder;
  const std::string path = folder.write(one.name, one.before);
  // Both ways to go on: in the last part, and in one behind another file's.
  const bool is_last = GENERATE(true, false);
  std::vector<std::string> paths{path};
  if (!is_last) paths.push_back(folder.write("behind.jsonl", "{\"x\":0}\n"));
  Starts run(paths);
  Texts first = one.first;
  if (!is_last) first.push_back("{\"x\":0}");
  CHECK(run.start().sequence == first);
  CHECK(run.was_told("has no line break yet") == one.is_left);
  append_bytes(path, one.more);
  // Killed at once, so that the rest goes by what was kept of where the part begins.
  CHECK(run.start(0).sequence.empty());
  CHECK(run.start().sequence == one.second);
  Texts all = first;  // from the start again, each record has the same ordinal
  all.insert(all.end(), one.second.begin(), one.second.end());
  CHECK(run.again().sequence == all);
}

TEST_CASE("lines of text go on, and lines are counted on") {
  const Folder folder;
  const std::string path = folder.write("a.txt", "one\ntw");
  folder.write("b.txt", "other\n");
  Starts run({folder.path("a.txt"), folder.path("b.txt")}, {{"split", "line"}});
  CHECK(run.start().records.size() == 2);
  append_bytes(path, "o\nthree\n");
  const Reading more = run.start();
  REQUIRE(more.records.size() == 2);
  CHECK(more.records[0]["text"] == "two");
  CHECK(more.records[1]["line"] == 3);
}

TEST_CASE("what was read and is another now is refused, and the file is named") {
  const Folder folder;
  const std::string path =
      folder.write("a.jsonl", "{\"n\":0}\n" + std::string(200'000, ' ') + "\n{\"n\":1}\n");
  Starts run({path});
  CHECK(run.start().sequence.size() == 2);
  const std::string before = Folder::read(path);
  const auto refused = [&](const std::string& bytes, const std::string& said) {
    folder.write("a.jsonl", bytes);
    const Reading reading = run.start();
    REQUIRE(reading.fault);
    CHECK(reading.fault->code() == rare::StatusCode::invalid_argument);
    CHECK_THAT(reading.fault->message(), Contains(path) && Contains(said) && Contains("--fresh"));
  };
  refused(before.substr(0, before.size() - 1), "became shorter");
  std::string changed = before + "{\"n\":2}\n";
  changed[100'000] = '\t';  // where no sample of the file is taken
  refused(changed, "changed since an earlier start");
  std::filesystem::remove(path);
  CHECK_THAT(run.start().fault->message(), Contains("no such file"));
  folder.write("a.jsonl", before + "{\"n\":2}\n");
  CHECK(run.start().sequence == Texts{"{\"n\":2}"});
  set_back_time(path);
  CHECK(run.start().sequence.empty());  // the same bytes are the same file
}

TEST_CASE("a file that is no file of lines may not grow, and files beside it may come") {
  const Folder folder;
  const std::string name = GENERATE("in/a.json", "in/a.md");
  const std::string path = folder.write(name, name == "in/a.json" ? "[{\"n\":0}]" : "text");
  Starts run({folder.path("in")});
  CHECK(run.start().sequence.size() == 1);
  folder.write("in/0.jsonl", "{\"n\":1}\n");
  CHECK(run.start().sequence == Texts{"{\"n\":1}"});
  append_bytes(path, " ");
  const Reading refused = run.start();
  REQUIRE(refused.fault);
  CHECK_THAT(refused.fault->message(), Contains(path + ": grew from") && Contains("new files"));
}

TEST_CASE("a run that has begun without append goes on with it") {
  const Folder folder;
  const std::string path = folder.write("a.csv", "n\n0\n1");
  Starts run({path}, {{"append", false}});
  CHECK(run.start().sequence.size() == 2);
  run.set("append", true);
  CHECK(run.start().sequence.empty());
  SECTION("where the last line has ended") {
    append_bytes(path, "\n2\n");
    CHECK(run.start().sequence == Texts{"{\"n\":\"2\"}"});
  }
  SECTION("and not where it has become another one") {
    append_bytes(path, "1\n");
    const Reading refused = run.start();
    REQUIRE(refused.fault);
    CHECK_THAT(refused.fault->message(), Contains("has become another one"));
  }
}

TEST_CASE("a retry reads what the run has read, and nothing that came since") {
  const Folder folder;
  const std::string path = folder.write("a.jsonl", "{\"n\":0}\n");
  Starts run({path});
  CHECK(run.start().sequence.size() == 1);
  append_bytes(path, "{\"n\":1}\n");
  folder.write("b.jsonl", "{\"n\":2}\n");
  CHECK(run.again().sequence == Texts{"{\"n\":0}"});
}

TEST_CASE("another encoding goes on, too") {
  const Folder folder;
  const auto wide = [](std::string_view text) {
    std::string bytes;
    for (const char c : text) bytes += {c, '\0'};
    return bytes;
  };
  const std::string path = folder.write("a.csv", wide("n\nx\n") + "y");  // half a character
  Starts run({path}, {{"encoding", "utf-16le"}});
  CHECK(run.start().sequence == Texts{"{\"n\":\"x\"}"});
  append_bytes(path, std::string("\0", 1) + wide("\nz\n"));
  CHECK(run.start().sequence == Texts{"{\"n\":\"y\"}", "{\"n\":\"z\"}"});
}

TEST_CASE("files of a folder that was copied or moved are what they were") {
  const bool is_copied = GENERATE(true, false);
  const bool has_grown = GENERATE(true, false);
  const Folder folder;
  folder.write("old/in/b.jsonl", "{\"n\":0}\n{\"n\":1}\n");
  folder.write("old/in/deep/b.jsonl", "{\"n\":2}\n");
  Starts run({folder.path("old/in")});
  CHECK(run.start().sequence.size() == 3);
  append_bytes(folder.path("old/in/b.jsonl"), "{\"n\":3}\n{\"n\":4}\n");
  CHECK(run.start(1).sequence == Texts{"{\"n\":3}"});  // and is killed, in the file's second part
  if (is_copied) {
    copy_folder(folder, "old", "new");
    append_bytes(folder.path("old/in/b.jsonl"), "{\"n\":-1}\n");  // of no concern any more
  } else {
    std::filesystem::rename(folder.path("old"), folder.path("new"));
  }
  run.look_in({folder.path("new/in")});
  Texts more{"{\"n\":4}"};
  if (has_grown) {
    append_bytes(folder.path("new/in/b.jsonl"), "{\"n\":5}\n");
    append_bytes(folder.path("new/in/deep/b.jsonl"), "{\"n\":6}\n");
    folder.write("new/in/a.jsonl", "{\"n\":7}\n");
    more.insert(more.end(), {"{\"n\":5}", "{\"n\":6}", "{\"n\":7}"});
  }
  CHECK(run.start().sequence == more);
  CHECK(run.was_told(folder.path("old/in/b.jsonl")));
  CHECK(run.was_told(folder.path("new/in/b.jsonl")));
  CHECK(run.start().sequence.empty());
  if (is_copied) std::filesystem::remove_all(folder.path("old"));
  CHECK(run.start().sequence.empty());
  append_bytes(folder.path("new/in/b.jsonl"), "{\"n\":8}\n");
  CHECK(run.start().sequence == Texts{"{\"n\":8}"});
  CHECK(run.again().sequence.size() == (has_grown ? 9 : 6));
  CHECK(run.again().sequence.back() == "{\"n\":8}");
}

TEST_CASE("a retry finds what was read at its new place, and takes nothing new") {
  const bool is_copied = GENERATE(true, false);
  const Folder folder;
  folder.write("old/a.jsonl", "{\"n\":0}\n");
  Starts run({folder.path("old")});
  CHECK(run.start().sequence.size() == 1);
  copy_folder(folder, "old", "new");
  if (!is_copied) std::filesystem::remove_all(folder.path("old"));
  append_bytes(folder.path("new/a.jsonl"), "{\"n\":1}\n");
  folder.write("new/b.jsonl", "{\"n\":2}\n");
  run.look_in({folder.path("new")});
  CHECK(run.again().sequence == Texts{"{\"n\":0}"});
  CHECK(run.start().sequence == Texts{"{\"n\":1}", "{\"n\":2}"});
}

TEST_CASE("files that were given other names are what they were, each of them once") {
  const Folder folder;
  // The beginning of one is all of another, and two are the same.
  folder.write("in/1.csv", "n\n");
  folder.write("in/2.csv", "n\n0\n");
  folder.write("in/3.csv", "n\n0\n");
  folder.write("in/4.csv", "n\n0\n1\n");
  folder.write("in/5.csv", "");
  Starts run({folder.path("in")});
  CHECK(run.start().sequence.size() == 4);
  const std::string names = GENERATE("acbed", "edcba", "bcdea", "dbeac");
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::filesystem::rename(folder.path("in/" + std::to_string(i + 1) + ".csv"),
                            folder.path(std::string("in/") + names[i] + ".csv"));
  }
  append_bytes(folder.path(std::string("in/") + names[1] + ".csv"), "2\n");
  append_bytes(folder.path(std::string("in/") + names[0] + ".csv"), "3\n");
  folder.write("in/0.csv", "n\n4\n");
  Texts more = run.start().sequence;
  std::sort(more.begin(), more.end());
  CHECK(more == Texts{"{\"n\":\"2\"}", "{\"n\":\"3\"}", "{\"n\":\"4\"}"});
  CHECK(run.start().sequence.empty());
  CHECK(run.again().sequence.size() == 7);
}

TEST_CASE("a file beside one with the same content is another file") {
  const Folder folder;
  folder.write("in/a.jsonl", "{\"n\":0}\n");
  Starts run({folder.path("in")});
  CHECK(run.start().sequence.size() == 1);
  folder.write("in/b.jsonl", "{\"n\":0}\n");
  CHECK(run.start().sequence == Texts{"{\"n\":0}"});
}

TEST_CASE("new files where what was read is found no more are refused unless they hold it") {
  struct Case {
    std::string file, bytes;  // in the new folder; no bytes: it is not there
    std::string old_name, new_name;
  };
  const Case one = GENERATE(Case{"1.jsonl", "{\"n\":9}\n{\"n\":1}\n", "1.jsonl", "1.jsonl"},
                            Case{"1.jsonl", "{\"n\":0}\n", "1.jsonl", "1.jsonl"},
                            Case{"2.jsonl", "", "2.jsonl", "came none"},
                            Case{"3.txt", "{\"n\":0}\n{\"n\":1}\n", "1.jsonl", "3.txt"});
  const bool is_copied = GENERATE(true, false);
  const Folder folder;
  folder.write("old/1.jsonl", "{\"n\":0}\n{\"n\":1}\n");
  folder.write("old/2.jsonl", "{\"n\":2}\n");
  Starts run({folder.path("old")}, {{"split", "line"}});
  CHECK(run.start().sequence.size() == 3);
  copy_folder(folder, "old", "new");
  if (!is_copied) std::filesystem::remove_all(folder.path("old"));
  if (one.file == "3.txt") std::filesystem::remove(folder.path("new/1.jsonl"));
  if (one.bytes.empty()) {
    std::filesystem::remove(folder.path("new/" + one.file));
  } else {
    folder.write("new/" + one.file, one.bytes);
  }
  run.look_in({folder.path("new")});
  const Reading refused = run.start();
  REQUIRE(refused.fault);
  CHECK(refused.fault->code() == rare::StatusCode::invalid_argument);
  const std::string& said = refused.fault->message();
  CHECK_THAT(said, Contains(folder.path("old/" + one.old_name)) && Contains(one.new_name) &&
                       Contains("--fresh"));
  CHECK_THAT(said, Contains(one.new_name == "came none" ? "came none" : folder.path("new")));
}

TEST_CASE("of a file read without append the old one tells what it was, while it is there") {
  const Folder folder;
  folder.write("old/a.jsonl", "{\"n\":0}\n" + std::string(200'000, ' ') + "\n{\"n\":1}\n");
  Starts run({folder.path("old")}, {{"append", false}});
  CHECK(run.start().sequence.size() == 2);
  run.set("append", true);
  copy_folder(folder, "old", "new");
  run.look_in({folder.path("new")});
  SECTION("and it is there") {
    append_bytes(folder.path("new/a.jsonl"), "{\"n\":2}\n");
    CHECK(run.start().sequence == Texts{"{\"n\":2}"});
    CHECK(run.again().sequence.size() == 3);
  }
  SECTION("and another one") {
    std::string bytes = Folder::read(folder.path("new/a.jsonl"));
    bytes[100'000] = '\t';  // where no sample of the file is taken
    folder.write("new/a.jsonl", bytes);
    REQUIRE(run.start().fault);
  }
  SECTION("and gone") {
    std::filesystem::remove_all(folder.path("old"));
    const Reading refused = run.start();
    REQUIRE(refused.fault);
    CHECK_THAT(refused.fault->message(),
               Contains(folder.path("old/a.jsonl")) && Contains(folder.path("new/a.jsonl")));
  }
}

TEST_CASE("records have the label that id_field names") {
  const Folder folder;
  const std::string path = folder.write(
      "a.jsonl",
      "{\"id\":\"one\"}\n{\"id\":2}\n{\"n\":3}\n{\"id\":null}\n{\"id\":[1]}\n{\"id\":\"" +
          std::string(255, 'x') + "\xc3\xa9\"}\n");
  rare::testing::TestContext context;
  const auto source = source_of({path}, {{"id_field", "id"}});
  REQUIRE(source->open(context, std::nullopt).ok());
  std::vector<std::string> labels;
  for (auto next = source->next(); next && *next; next = source->next()) {
    labels.emplace_back((*next)->id().label());
  }
  CHECK(labels == Texts{"one", "2", "", "", "", std::string(255, 'x')});
}
