// What a terminal shows of a file's records, and what each key does; without the terminal itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "field_roles.h"
#include "rare/status.h"
#include "record_file.h"
#include "record_layout.h"
#include "text_marks.h"

namespace rare::look {

// A key as the browser knows it: a printable character (its bytes), or one of these.
namespace key {
inline constexpr std::string_view kUp = "<up>", kDown = "<down>", kPageUp = "<page up>",
                                  kPageDown = "<page down>", kHome = "<home>", kEnd = "<end>",
                                  kEnter = "<enter>", kEscape = "<escape>", kErase = "<erase>";
// The end, whatever is shown or typed just then.
inline constexpr std::string_view kQuit = "<quit>";
}  // namespace key

// Which records are shown at all: those that hold the text, in the named field or in any.
struct RecordFilter {
  std::string field;
  Needle needle;
  // "FIELD=TEXT", or "TEXT".
  static RecordFilter parse(const std::string& text);
  bool passes(const FoundRecord& record) const {
    return needle.empty() || holds(record, field, needle);
  }
};

// Thread-safety: one thread at a time.
class RecordBrowser {
 public:
  // REQUIRES: `file` outlives it. `name` is shown. Records are counted from 1.
  RecordBrowser(RecordFile& file, std::string name, FieldRoles roles, RecordFilter filter);

  void resize(std::size_t columns, std::size_t rows);
  void go_to(std::uint64_t number);
  void press(std::string_view key);
  // Goes on with what takes long, for a small part of a second. Whatever is looked for is given up
  // by the next key.
  void work();
  bool is_busy() const { return aim_ != Aim::none; }
  bool wants_to_look_on() const { return !broken_ && !file_.complete(); }
  bool has_ended() const { return ended_; }
  // The number of the record that is shown; 0: none is.
  std::uint64_t shown() const { return shown_; }

  // All rows of the terminal, each ended by "\r\n" but the last; no more columns than it has.
  std::string screen(const Painting& painting) const;

 private:
  enum class Aim { none, number, last, forward, backward };

  void look_for(Aim aim, std::uint64_t number);
  // False: the file cannot be read on, which is said.
  bool look_on();
  void aim_at_number();
  void aim_at_match();
  bool show(std::uint64_t number, bool at_match);
  void lay_out();
  void say(std::string message);
  void typed(std::string_view key);
  void command(std::string_view key);
  bool turn_page(std::string_view key);
  void scroll(std::ptrdiff_t lines);
  void search(bool forward);
  std::size_t page() const { return rows_ > 1 ? rows_ - 1 : 1; }
  std::string status() const;
  std::string help() const;

  RecordFile& file_;
  std::string name_;
  FieldRoles roles_;
  RecordFilter filter_;
  std::size_t columns_ = 80, rows_ = 24;

  std::uint64_t shown_ = 0;
  FoundRecord record_;
  RecordLayout layout_;
  std::size_t top_ = 0;

  Aim aim_ = Aim::none;
  std::uint64_t wanted_ = 0;   // the next record to try
  bool wants_needle_ = false;  // the match must hold the needle, too
  Needle needle_;
  std::optional<std::string> typing_;  // behind a /
  std::string digits_;
  std::string message_;
  bool helping_ = false, broken_ = false, ended_ = false;
};

}  // namespace rare::look
