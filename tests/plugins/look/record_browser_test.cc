#include "plugins/look/record_browser.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "catch.h"
#include "plugins/look/terminal_text.h"
#include "scratch_folder.h"

namespace rare::look {
namespace {

using testing::ScratchFolder;

// A browser over made records, in a terminal of some size.
class Looking {
 public:
  explicit Looking(std::uint64_t count, const std::string& filter = "", std::size_t columns = 60,
                   std::size_t rows = 12) {
    std::ofstream file(folder_ / "a.jsonl");
    for (std::uint64_t i = 1; i <= count; ++i) {
      Json record = {
          {"id", "r" + std::to_string(i)},
          {"question", "Why is number " + std::to_string(i) + " odd?"},
          {"text", i % 10 == 0 ? std::string("Ten times. ") : std::string("Number one.\n")}};
      for (int line = 0; line < 30; ++line) {
        record["text"] = record["text"].get<std::string>() + "line " + std::to_string(line) + "\n";
      }
      file << record.dump() << "\n";
    }
    file.close();
    open(filter, columns, rows);
  }
  explicit Looking(const std::string& bytes) {
    std::ofstream(folder_ / "a.jsonl") << bytes;
    open("", 40, 12);
  }

  void open(const std::string& filter, std::size_t columns, std::size_t rows) {
    auto file = RecordFile::open(folder_ / "a.jsonl", {});
    REQUIRE(file.ok());
    file_ = std::move(*file);
    browser = std::make_unique<RecordBrowser>(*file_, "a.jsonl", FieldRoles(),
                                              RecordFilter::parse(filter));
    browser->resize(columns, rows);
    browser->go_to(1);
    settle();
  }
  void settle() {
    while (browser->is_busy() || browser->wants_to_look_on()) browser->work();
  }
  // Each character is a key.
  Looking& type(std::string_view keys) {
    for (const char key : keys) press(std::string(1, key));
    return *this;
  }
  Looking& press(std::string_view key) {
    browser->press(key);
    settle();
    return *this;
  }
  std::string screen() const { return browser->screen(Painting()); }
  bool shows(const std::string& text) const { return screen().find(text) != std::string::npos; }

  std::unique_ptr<RecordBrowser> browser;

 private:
  ScratchFolder folder_;
  std::unique_ptr<RecordFile> file_;
};

TEST_CASE("keys go from record to record") {
  Looking looking(200);
  CHECK(looking.browser->shown() == 1);
  CHECK(looking.shows("Why is number 1 odd?"));
  CHECK(looking.type("j").browser->shown() == 2);
  CHECK(looking.press(key::kDown).browser->shown() == 3);
  CHECK(looking.type("k").press(key::kUp).browser->shown() == 1);
  CHECK(looking.type("k").shows("this is the first record"));
  CHECK(looking.type("17g").browser->shown() == 17);
  CHECK(looking.type("5j").browser->shown() == 22);
  CHECK(looking.type("G").browser->shown() == 200);
  CHECK(looking.type("j").shows("the last record is 200"));
  CHECK(looking.type("999g").browser->shown() == 200);
  CHECK(looking.type("g").browser->shown() == 1);
  CHECK_FALSE(looking.browser->has_ended());
  CHECK(looking.type("q").browser->has_ended());
}

TEST_CASE("the end comes whatever is typed or shown") {
  for (const std::string_view before : {"", "/abc", "h", "12"}) {
    Looking looking(3);
    CHECK(looking.type(before).press(key::kQuit).browser->has_ended());
  }
}

TEST_CASE("pages go on within a record, and behind its end to the next one") {
  Looking looking(3);
  CHECK_FALSE(looking.shows("line 20"));
  looking.type(" ");
  CHECK(looking.browser->shown() == 1);
  CHECK(looking.shows("line 12"));
  looking.type("b");
  CHECK(looking.shows("Why is number 1 odd?"));
  looking.type("    ");
  CHECK(looking.browser->shown() == 2);
  CHECK(looking.shows("Why is number 2 odd?"));
}

TEST_CASE("a search finds records, n and N go on, and what is not there is said") {
  Looking looking(50);
  looking.type("/ten times").press(key::kEnter);
  CHECK(looking.browser->shown() == 10);
  CHECK(looking.shows("Ten times."));
  CHECK(looking.type("n").browser->shown() == 20);
  CHECK(looking.type("n").browser->shown() == 30);
  CHECK(looking.type("N").browser->shown() == 20);
  looking.type("/Ten Times").press(key::kEnter);
  CHECK(looking.browser->shown() == 20);
  CHECK(looking.shows("no later record holds it"));
  looking.type("/x").press(key::kErase).press(key::kErase);
  CHECK_FALSE(looking.shows("/x"));
}

TEST_CASE("a match at the end of a long text is shown at once") {
  std::string text;
  while (text.size() < 10'000'000) text += "salt and sea\\n";
  Looking looking("{\"text\":\"" + text + "the needle\"}\n");
  looking.type("/needle").press(key::kEnter);
  CHECK(looking.shows("the needle"));
  CHECK(looking.type("gn").shows("the needle"));
}

// Gives three records, and then an error.
class FailingFile final : public RecordFile {
 public:
  Result<std::optional<FoundRecord>> record(std::uint64_t number) override {
    FoundRecord found;
    found.fields = {{"text", "number " + std::to_string(number + 1)}};
    return std::optional<FoundRecord>(std::move(found));
  }
  Result<bool> look_on() override {
    if (seen_ == 3) return Status::run_fault(StatusCode::unavailable, "the disk is gone");
    seen_ = 3;
    return true;
  }
  std::uint64_t seen() const override { return seen_; }
  bool complete() const override { return false; }
  double share_seen() const override { return 0.5; }
  bool keep() const override { return true; }

 private:
  std::uint64_t seen_ = 0;
};

TEST_CASE("a file that cannot be read on is said when a filter looks for more") {
  FailingFile file;
  RecordBrowser browser(file, "a.jsonl", FieldRoles(), RecordFilter::parse("number 9"));
  browser.go_to(1);
  while (browser.is_busy()) browser.work();
  CHECK(browser.screen(Painting()).find("the disk is gone") != std::string::npos);
}

TEST_CASE("with a filter only records that hold the text are shown") {
  Looking looking(50, "text=ten times");
  CHECK(looking.browser->shown() == 10);
  CHECK(looking.type("j").browser->shown() == 20);
  CHECK(looking.type("k").browser->shown() == 10);
  CHECK(looking.type("k").shows("no earlier record holds it"));
  CHECK(looking.type("G").browser->shown() == 50);
  Looking none(5, "id=ten times");
  CHECK(none.browser->shown() == 0);
  CHECK(none.shows("no later record holds it"));
}

TEST_CASE("no row is wider than a terminal of 40 columns, or of one") {
  for (const std::size_t columns : {std::size_t{40}, std::size_t{10}, std::size_t{1}}) {
    Looking looking(2, "", columns, 8);
    for (const std::string_view keys :
         {"", "h", " ", "/a long text to search for that does not fit"}) {
      looking.type(keys);
      const std::string screen = looking.screen();
      CHECK(std::count(screen.begin(), screen.end(), '\n') == 7);
      for (std::size_t at = 0; at < screen.size();) {
        const std::size_t end = std::min(screen.find("\r\n", at), screen.size());
        CHECK(columns_of(std::string_view(screen).substr(at, end - at)) <= columns);
        at = end + 2;
      }
      looking.press(key::kEscape);
    }
  }
}

TEST_CASE("an empty file, one record, a record without fields and what is no record") {
  CHECK(Looking("").shows("no record"));
  CHECK(Looking("").type("jkGg nN").browser->shown() == 0);
  CHECK(Looking("{\"a\":1}").type("jG").browser->shown() == 1);
  CHECK(Looking("{}").shows("a record without fields"));
  CHECK(Looking("{\"a\":").shows("cannot be read as a record"));
  CHECK(Looking("{\"a\":\"\\u001b[2J\"}").shows("^[[2J"));
}

TEST_CASE("question words and matches are painted, with and without colour") {
  Looking looking("{\"question\":\"Why salt?\",\"text\":\"Salt and sea\"}");
  CHECK(looking.browser->screen({true, true}).find("\x1b[33mSalt\x1b[0m") != std::string::npos);
  CHECK(looking.browser->screen({true, false}).find("\x1b[4mSalt\x1b[0m") != std::string::npos);
  CHECK(looking.screen().find('\x1b') == std::string::npos);
  looking.type("/sea").press(key::kEnter);
  CHECK(looking.browser->screen({true, true}).find("\x1b[7msea\x1b[0m") != std::string::npos);
}

TEST_CASE("another size keeps the place") {
  Looking looking(1);
  looking.type("  ");
  looking.browser->resize(20, 6);
  CHECK_FALSE(looking.shows("Why is number"));
  looking.browser->resize(1, 1);
  CHECK(looking.screen().find('\n') == std::string::npos);
}

}  // namespace
}  // namespace rare::look
