#include "inspect_tool.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "record_layout.h"
#include "terminal_screen.h"

namespace rare::look {
namespace {

constexpr int kResizeCheck_ms = 250;

bool colour_is_wanted() {
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
  return no_color == nullptr || *no_color == '\0';
}

}  // namespace

ToolUsage InspectTool::usage() {
  const FieldRoles names;
  Spec spec("inspect");
  spec.summary("pages through the records of a file in the terminal")
      .description(
          "Keys as in less: j and k for the next record and the one before, space and b within a "
          "record, g and G, 17g for record 17, / to search, n and N, h for all, q. Words of the "
          "question are marked in document and negatives. Where the records of JSON Lines begin is "
          "kept in FILE.places beside the file, so that a later look is at each at once. Without a "
          "terminal, or with --print, records are printed as plain text.")
      .required_param(&InspectTool::file_, "file", "The file to look at.")
      .input_path()
      .param(&InspectTool::at_, "at", 1, "The record to begin with; the first is 1.")
      .at_least(1)
      .param(&InspectTool::filter_, "filter", "",
             "Only records that hold this text: TEXT, or FIELD=TEXT. Small letters find capital "
             "ones, too.")
      .param(&InspectTool::print_, "print", 0, "Prints so many records instead.")
      .at_least(0)
      .param(&InspectTool::width_, "width", 0,
             "Breaks printed lines at so many columns; 0: lines stay as they are.")
      .at_least(0)
      .param(&InspectTool::question_, "question", names.question, "The field of the question.")
      .param(&InspectTool::text_, "text", names.text, "The field of the document.")
      .param(&InspectTool::negatives_, "negatives", names.negatives, "The field of the negatives.");
  return {files::add_read_parameters<InspectTool>(spec),
          {"file"},
          "rare-engine inspect out/rare.jsonl\n"
          "rare-engine inspect out/rare.jsonl --at 5000000 --filter question=why\n"
          "rare-engine inspect table.csv --print 3"};
}

FieldRoles InspectTool::roles() const {
  FieldRoles roles;
  roles.question = question_;
  roles.text = text_;
  roles.negatives = negatives_;
  return roles;
}

Result<int> InspectTool::print(ToolContext& context, RecordFile& file) const {
  const RecordFilter filter = RecordFilter::parse(filter_);
  std::uint64_t printed = 0;
  for (std::uint64_t number = at_; printed < std::max<std::uint64_t>(print_, 1);) {
    if (number > file.seen()) {
      if (file.complete()) break;
      const Result<bool> more = file.look_on();
      if (!more) return more.status();
      continue;
    }
    const Result<std::optional<FoundRecord>> found = file.record(number - 1);
    if (!found) return found.status();
    if (*found && filter.passes(**found)) {
      const RecordLayout layout(**found, roles(), static_cast<std::size_t>(width_));
      context.out() << (printed == 0 ? "" : "\n") << "record " << number << "\n";
      for (std::size_t i = 0; i < layout.line_count(); ++i) {
        context.out() << layout.line(i, Painting()) << "\n";
      }
      ++printed;
    }
    ++number;
  }
  if (printed > 0) return 0;
  if (file.seen() == 0) {
    context.log(LogLevel::info, file_ + " holds no record");
    return 0;
  }
  if (!filter.needle.empty() && at_ <= file.seen()) {
    context.log(LogLevel::info,
                "no record from " + std::to_string(at_) + " on holds '" + filter_ + "'");
    return 0;
  }
  return Status::run_fault(StatusCode::invalid_argument, "--at " + std::to_string(at_) +
                                                             ": the last record of " + file_ +
                                                             " is " + std::to_string(file.seen()));
}

void InspectTool::browse(RecordFile& file) const {
  RecordBrowser browser(file, file_.substr(file_.rfind('/') + 1), roles(),
                        RecordFilter::parse(filter_));
  const Painting painting{true, colour_is_wanted()};
  TerminalScreen screen;
  browser.go_to(at_);
  browser.work();
  std::string drawn;
  while (!browser.has_ended()) {
    const TerminalScreen::Size size = screen.size();
    browser.resize(size.columns, size.rows);
    if (std::string now = browser.screen(painting); now != drawn)
      screen.draw(drawn = std::move(now));
    const bool works = browser.is_busy() || browser.wants_to_look_on();
    if (const std::optional<std::string> key = screen.key(works ? 0 : kResizeCheck_ms)) {
      browser.press(*key);
      // What is near is there before anything else is drawn.
      if (browser.is_busy()) browser.work();
    } else if (works) {
      browser.work();
    }
  }
}

Result<int> InspectTool::run(ToolContext& context) {
  Result<std::unique_ptr<RecordFile>> file = RecordFile::open(file_, *this);
  if (!file) return file.status();
  const bool prints = print_ > 0 || !has_terminal();
  if (prints) {
    Result<int> printed = print(context, **file);
    if (!printed) return printed.status();
  } else {
    browse(**file);
  }
  if (!(*file)->keep()) {
    context.log(LogLevel::info, "where records begin could not be kept beside " + file_ +
                                    "; the next look is as slow");
  }
  return 0;
}

}  // namespace rare::look
