#include "file_tools.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>

#include "input_files.h"
#include "read_source.h"
#include "write_sink.h"

namespace rare::files {
namespace {

constexpr std::uint64_t kFaultsSaid = 10;
// Not a run's: what a convert has left is nobody's, and what a run has left is not touched.
constexpr char kConvertSuffix[] = ".convert";
// Named apart: it is no component, and the engine may use the word.
constexpr char kCountVerb[] = "count";

// What could not be read or written.
class LeftOut {
 public:
  explicit LeftOut(ToolContext& context) : context_(context) {}
  void add(const std::string& fault) {
    if (++count_ <= kFaultsSaid) context_.log(LogLevel::warning, "left out: " + fault);
  }
  int exit_code() {
    if (count_ > kFaultsSaid) {
      context_.log(LogLevel::warning, std::to_string(count_) +
                                          " records were left out, of which the "
                                          "first " +
                                          std::to_string(kFaultsSaid) + " are named above");
    }
    return count_ == 0 ? 0 : kRecordsLeftOut;
  }

 private:
  ToolContext& context_;
  std::uint64_t count_ = 0;
};

// Gives every record to `take` until that says no more.
Status read_records(std::vector<std::string> files, const ReadParameters& parameters,
                    const std::function<void(const std::string&)>& leave_out,
                    const std::function<Result<bool>(const Record&)>& take) {
  ReadSource source(std::move(files), parameters);
  if (Status opened = source.open(); !opened) return opened;
  for (;;) {
    const Result<std::optional<Record>> record = source.next();
    if (!record && record.status().fault() == Fault::run) return record.status();
    if (!record) {
      leave_out(record.status().message());
      continue;
    }
    if (!*record) return Status();
    const Result<bool> more = take(**record);
    if (!more) return more.status();
    if (!*more) return Status();
  }
}

// What a sink asks of a run, where there is none.
class NoRun final : public Context, private Resumer {
 public:
  explicit NoRun(ToolContext& context) : context_(context) {}
  const std::string& name() const override { return name_; }
  void log(LogLevel level, std::string_view message) override { context_.log(level, message); }
  std::uint64_t seed() const override { return 0; }
  std::stop_token stop_token() const override { return {}; }
  Resumer& resumer() override { return *this; }
  std::string scratch_folder() override { throw std::logic_error("a verb has no scratch folder"); }

 private:
  void resume(std::coroutine_handle<> waiter) override { waiter.resume(); }
  void misuse(const std::string& what) override { log(LogLevel::error, what); }

  ToolContext& context_;
  const std::string name_ = "convert";
};

}  // namespace

ToolUsage ConvertTool::usage() {
  Spec spec("convert");
  spec.summary("writes the records of a file in another format")
      .description(
          "OUT appears when it is whole; until then it is OUT.convert. Records that cannot be "
          "read, or that the format cannot "
          "hold, "
          "are named and left out, and the exit code is 3.")
      .required_param(&ConvertTool::in_, "in", "The file to read, or a pattern.")
      .input_path()
      .required_param(&ConvertTool::out_, "out", "The file to write.")
      .output_path()
      .param(&ConvertTool::to_, "to", "auto", "How OUT is written; auto goes by its extension.")
      .choices(formats_to_write())
      .param(&ConvertTool::compression_, "compression", "auto",
             "Of OUT; auto goes by a last extension .gz or .zst.")
      .choices({"auto", "none", "gzip", "zstd"})
      .param(
          &ConvertTool::fields_, "fields", std::vector<std::string>(),
          "The fields to write, in this order; repeatable. Without: all, sorted by name; for csv "
          "and tsv IN is read twice to know them (of standard input the rows wait on disk).")
      .param(&ConvertTool::overwrite_, "overwrite", false, "Whether OUT may exist.");
  return {add_read_parameters<ConvertTool>(spec),
          {"in", "out"},
          "rare-engine convert data/passages.jsonl passages.csv\n"
          "rare-engine convert table.csv.gz table.jsonl.zst --infer"};
}

Result<std::vector<std::string>> ConvertTool::all_fields() const {
  std::set<std::string> names;
  Status read = read_records(
      {in_}, *this, [](const std::string&) {},
      [&](const Record& record) -> Result<bool> {
        for (auto at = record.fields().begin(); at != record.fields().end(); ++at) {
          if (!names.contains(at.key())) names.insert(at.key());
        }
        return true;
      });
  if (!read) return read;
  return std::vector<std::string>(names.begin(), names.end());
}

Result<int> ConvertTool::run(ToolContext& context) {
  std::error_code ignored;
  if (!overwrite_ && std::filesystem::exists(out_, ignored)) {
    return Status(StatusCode::already_exists,
                  out_ + " exists; choose another name, or say --overwrite");
  }
  const Result<const Format*> format = find_format(to_, out_, Purpose::write);
  if (!format) return format.status();
  std::vector<std::string> fields = fields_;
  // Standard input can be read once: its rows wait until all of them are there.
  if (fields.empty() && (*format)->wants_fields && in_ != kStandardInput) {
    Result<std::vector<std::string>> all = all_fields();
    if (!all) return all.status();
    fields = std::move(*all);
  }
  const Result<int> converted = convert(context, std::move(fields));
  if (!converted) {
    std::filesystem::remove(out_ + kConvertSuffix, ignored);  // nothing goes on with it
  }
  return converted;
}

Result<int> ConvertTool::convert(ToolContext& context, std::vector<std::string> fields) const {
  NoRun no_run(context);
  WriteSink sink(out_, to_, compression_, std::move(fields), kConvertSuffix);
  if (Status opened = sink.open(no_run, std::nullopt); !opened) return opened;
  LeftOut left_out(context);
  Status read = read_records(
      {in_}, *this, [&](const std::string& fault) { left_out.add(fault); },
      [&](const Record& record) -> Result<bool> {
        const Result<std::string> row = sink.encode(record);
        if (!row) {
          left_out.add(row.status().message());
          return true;
        }
        Status written = sink.write_encoded(std::span(&*row, 1));
        return written ? Result<bool>(true) : written;
      });
  if (!read) return read;
  const Result<Offset> synced = sink.sync();
  if (!synced) return synced.status();
  if (Status finished = sink.finalise(); !finished) return finished;
  context.log(LogLevel::info, synced->token["rows"].dump() + " records written to " + out_);
  return left_out.exit_code();
}

ToolUsage HeadTool::usage() {
  Spec spec("head");
  spec.summary("prints the first records of files as JSON Lines")
      .required_param(&HeadTool::files_, "files", "Files to read, or patterns.")
      .input_path()
      .param(&HeadTool::most_, "n", 10, "How many records.")
      .at_least(1);
  return {add_read_parameters<HeadTool>(spec),
          {"files"},
          "rare-engine head data/passages.jsonl -n 3\n"
          "rare-engine head answer.json --records '$.data.items'"};
}

Result<int> HeadTool::run(ToolContext& context) {
  LeftOut left_out(context);
  std::uint64_t printed = 0;
  Status read = read_records(
      files_, *this, [&](const std::string& fault) { left_out.add(fault); },
      [&](const Record& record) -> Result<bool> {
        context.out() << record.fields().dump(-1, ' ', false, Json::error_handler_t::replace)
                      << "\n";
        return ++printed < most_;
      });
  if (!read) return read;
  return left_out.exit_code();
}

ToolUsage CountTool::usage() {
  Spec spec(kCountVerb);
  spec.summary("prints how many records files hold")
      .required_param(&CountTool::files_, "files", "Files to read, or patterns.")
      .input_path();
  return {add_read_parameters<CountTool>(spec), {"files"}, "rare-engine count 'data/*.csv.gz'"};
}

Result<int> CountTool::run(ToolContext& context) {
  LeftOut left_out(context);
  std::uint64_t count = 0;
  Status read = read_records(
      files_, *this, [&](const std::string& fault) { left_out.add(fault); },
      [&](const Record&) -> Result<bool> {
        ++count;
        return true;
      });
  if (!read) return read;
  context.out() << count << "\n";
  return left_out.exit_code();
}

}  // namespace rare::files
