#include "record_browser.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plugins/files/json_element.h"

namespace rare::look {
namespace {

// How long work() may keep a key waiting.
constexpr std::chrono::milliseconds kSlice{30};
constexpr std::size_t kMostDigits = 15;

}  // namespace

RecordFilter RecordFilter::parse(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return {"", Needle(text)};
  return {text.substr(0, equals), Needle(text.substr(equals + 1))};
}

RecordBrowser::RecordBrowser(RecordFile& file, std::string name, FieldRoles roles,
                             RecordFilter filter)
    : file_(file), name_(std::move(name)), roles_(std::move(roles)), filter_(std::move(filter)) {}

void RecordBrowser::resize(std::size_t columns, std::size_t rows) {
  if (columns == columns_ && rows == rows_) return;
  columns_ = std::max<std::size_t>(columns, 1);
  rows_ = std::max<std::size_t>(rows, 1);
  lay_out();
}

void RecordBrowser::lay_out() {
  if (shown_ == 0) return;
  const std::size_t lines = layout_.line_count();
  layout_ = RecordLayout(record_, roles_, columns_);
  layout_.mark(needle_);
  // About the same place of it.
  top_ = lines == 0 ? 0 : top_ * layout_.line_count() / lines;
  scroll(0);
}

void RecordBrowser::say(std::string message) { message_ = std::move(message); }

void RecordBrowser::go_to(std::uint64_t number) {
  look_for(filter_.needle.empty() ? Aim::number : Aim::forward, std::max<std::uint64_t>(number, 1));
}

void RecordBrowser::look_for(Aim aim, std::uint64_t number) {
  aim_ = aim;
  wanted_ = number;
  wants_needle_ = false;
}

void RecordBrowser::work() {
  const auto until = std::chrono::steady_clock::now() + kSlice;
  do {
    switch (aim_) {
      case Aim::none:
        if (!wants_to_look_on()) return;
        look_on();
        break;
      case Aim::number:
      case Aim::last:
        aim_at_number();
        break;
      case Aim::forward:
      case Aim::backward:
        aim_at_match();
        break;
    }
  } while (std::chrono::steady_clock::now() < until && (is_busy() || wants_to_look_on()));
}

bool RecordBrowser::look_on() {
  const Result<bool> more = file_.look_on();
  if (more) return true;
  broken_ = true;
  say(more.status().message());
  return false;
}

void RecordBrowser::aim_at_number() {
  const bool seen = aim_ == Aim::number && file_.seen() >= wanted_;
  if (!seen && wants_to_look_on()) {
    look_on();
    return;
  }
  const std::uint64_t last = file_.seen();
  if (aim_ == Aim::last && !filter_.needle.empty()) return look_for(Aim::backward, last);
  if (aim_ == Aim::number && wanted_ > last && message_.empty()) {
    say(last == 0 ? "no record" : "the last record is " + std::to_string(last));
  }
  const std::uint64_t number = aim_ == Aim::last ? last : std::min(wanted_, last);
  aim_ = Aim::none;
  if (number > 0) show(number, false);
}

void RecordBrowser::aim_at_match() {
  const bool forward = aim_ == Aim::forward;
  if (forward && wanted_ > file_.seen() && wants_to_look_on()) {
    if (!look_on()) aim_ = Aim::none;
    return;
  }
  if (wanted_ == 0 || wanted_ > file_.seen()) {
    aim_ = Aim::none;
    return say(std::string("no ") + (forward ? "later" : "earlier") + " record holds it");
  }
  const Result<std::optional<FoundRecord>> found = file_.record(wanted_ - 1);
  if (!found || !*found) {
    aim_ = Aim::none;
    return say(found ? "it is gone" : found.status().message());
  }
  if (filter_.passes(**found) && (!wants_needle_ || holds(**found, "", needle_))) {
    aim_ = Aim::none;
    show(wanted_, wants_needle_);
    return;
  }
  forward ? ++wanted_ : --wanted_;
}

bool RecordBrowser::show(std::uint64_t number, bool at_match) {
  Result<std::optional<FoundRecord>> found = file_.record(number - 1);
  if (!found || !*found) {
    say(found ? "there is no record " + std::to_string(number) : found.status().message());
    return false;
  }
  record_ = std::move(**found);
  shown_ = number;
  layout_ = RecordLayout(record_, roles_, columns_);
  layout_.mark(needle_);
  top_ = 0;
  if (at_match) {
    const std::size_t line = layout_.find(0);
    if (line != std::string::npos) top_ = line;
    scroll(0);
  }
  return true;
}

void RecordBrowser::scroll(std::ptrdiff_t lines) {
  const auto most =
      static_cast<std::ptrdiff_t>(layout_.line_count()) - static_cast<std::ptrdiff_t>(page());
  const auto wanted = static_cast<std::ptrdiff_t>(top_) + lines;
  top_ = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(wanted, 0, std::max<std::ptrdiff_t>(most, 0)));
}

void RecordBrowser::search(bool forward) {
  if (needle_.empty()) return say("nothing is searched for: type / and a text");
  const std::size_t here = layout_.find(top_ + 1);
  if (forward && here != std::string::npos && top_ + page() < layout_.line_count()) {
    const std::size_t before = top_;
    top_ = here;
    scroll(0);
    if (top_ != before) return;
  }
  look_for(forward ? Aim::forward : Aim::backward, forward ? shown_ + 1 : shown_ - 1);
  if (shown_ == 0) aim_ = Aim::none;
  wants_needle_ = true;
}

void RecordBrowser::press(std::string_view pressed) {
  message_.clear();
  if (pressed == key::kQuit) {
    ended_ = true;
    return;
  }
  if (helping_) {
    helping_ = false;
    if (pressed != "q") return;
  }
  if (is_busy()) {
    aim_ = Aim::none;
    if (pressed == key::kEscape) return say("given up");
  }
  if (typing_)
    typed(pressed);
  else
    command(pressed);
}

void RecordBrowser::typed(std::string_view pressed) {
  if (pressed == key::kEscape) {
    typing_.reset();
  } else if (pressed == key::kErase) {
    if (typing_->empty()) return typing_.reset();
    typing_->resize(files::whole_characters(*typing_, typing_->size() - 1));
  } else if (pressed == key::kEnter) {
    if (!typing_->empty()) needle_ = Needle(*typing_);
    typing_.reset();
    layout_.mark(needle_);
    if (shown_ == 0 || needle_.empty()) return;
    look_for(Aim::forward, shown_);
    wants_needle_ = true;
  } else if (!pressed.starts_with('<') || pressed == "<") {
    *typing_ += pressed;
  }
}

bool RecordBrowser::turn_page(std::string_view pressed) {
  const auto whole = static_cast<std::ptrdiff_t>(page());
  if (pressed == " " || pressed == "f" || pressed == key::kPageDown) {
    // Behind the record's end comes the next one.
    if (top_ + page() >= layout_.line_count()) {
      command("j");
    } else {
      scroll(whole);
    }
  } else if (pressed == "b" || pressed == key::kPageUp) {
    scroll(-whole);
  } else if (pressed == "d") {
    scroll(std::max<std::ptrdiff_t>(whole / 2, 1));
  } else if (pressed == "u") {
    scroll(-std::max<std::ptrdiff_t>(whole / 2, 1));
  } else if (pressed == "e" || pressed == key::kEnter) {
    scroll(1);
  } else if (pressed == "y") {
    scroll(-1);
  } else {
    return false;
  }
  return true;
}

void RecordBrowser::command(std::string_view pressed) {
  if (pressed.size() == 1 && pressed[0] >= '0' && pressed[0] <= '9') {
    if (digits_.size() < kMostDigits) digits_ += pressed;
    return;
  }
  const std::string digits = std::exchange(digits_, "");
  const std::uint64_t count = digits.empty() ? 0 : std::stoull(digits);
  const bool filtered = !filter_.needle.empty();
  if (pressed == "q" || pressed == "Q") {
    ended_ = true;
  } else if (pressed == "j" || pressed == key::kDown) {
    look_for(filtered ? Aim::forward : Aim::number, shown_ + std::max<std::uint64_t>(count, 1));
  } else if (pressed == "k" || pressed == key::kUp) {
    const std::uint64_t back = std::min(shown_, std::max<std::uint64_t>(count, 1));
    if (shown_ <= 1 && !filtered) return say("this is the first record");
    look_for(filtered ? Aim::backward : Aim::number,
             filtered ? shown_ - back : std::max<std::uint64_t>(shown_ - back, 1));
  } else if (pressed == "g" || pressed == key::kHome || (pressed == "G" && count > 0)) {
    go_to(count);
  } else if (pressed == "G" || pressed == key::kEnd) {
    look_for(Aim::last, 0);
  } else if (pressed == "/") {
    typing_ = "";
  } else if (pressed == "n" || pressed == "N") {
    search(pressed == "n");
  } else if (pressed == "h" || pressed == "?") {
    helping_ = true;
  } else if (!turn_page(pressed) && pressed != key::kEscape) {
    say("h shows the keys");
  }
}

std::string RecordBrowser::status() const {
  if (typing_) return "/" + *typing_;
  if (!digits_.empty()) return ":" + digits_;
  std::string text = name_ + " ";
  if (is_busy()) {
    const bool matching = aim_ == Aim::forward || aim_ == Aim::backward;
    return text + (matching ? "looking at " + std::to_string(wanted_)
                            : "counting, " + std::to_string(file_.seen()) + " so far");
  }
  if (!message_.empty()) return message_;
  if (shown_ == 0) return text + (file_.complete() ? "no record" : "...");
  text += std::to_string(shown_) + "/" + std::to_string(file_.seen());
  if (!file_.complete()) {
    text += "+ (" + std::to_string(static_cast<int>(file_.share_seen() * 100)) + "% seen)";
  }
  const std::size_t lines = layout_.line_count();
  const std::size_t last = std::min(lines, top_ + page());
  text += last == lines ? " end" : " " + std::to_string(100 * last / lines) + "%";
  if (!needle_.empty()) text += " /" + needle_.text();
  return text + "  h: keys";
}

std::string RecordBrowser::help() const {
  return "j k, arrows   next record, record before\n"
         "space b       a page on, a page back\n"
         "d u, e y      half a page, a line\n"
         "g G           first record, last record\n"
         "17g           record 17\n"
         "/text         search; capital letters count\n"
         "n N           next match, match before\n"
         "q             end\n"
         "\n"
         "Any key goes on.";
}

std::string RecordBrowser::screen(const Painting& painting) const {
  std::string text;
  const std::size_t lines = page();
  const std::string shown_help = helping_ ? help() : "";
  const std::vector<TextRange> of_help =
      helping_ ? broken(shown_help, columns_) : std::vector<TextRange>();
  for (std::size_t row = 0; rows_ > 1 && row < lines; ++row) {
    if (helping_) {
      if (row < of_help.size())
        text += shown_help.substr(of_help[row].begin, of_help[row].end - of_help[row].begin);
    } else if (shown_ > 0 && top_ + row < layout_.line_count()) {
      text += layout_.line(top_ + row, painting);
    }
    text += "\r\n";
  }
  const std::string told = shown_text(status());
  const std::string cut(fitting(told, columns_ > 1 ? columns_ - 1 : columns_));
  return text + (painting.any ? "\x1b[7m" + cut + "\x1b[0m" : cut);
}

}  // namespace rare::look
