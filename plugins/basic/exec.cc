#include "exec.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "plugins/process/program_path.h"

namespace rare::basic {
namespace {

Status wrong_parameter(const std::string& name, const std::string& what) {
  return Status(StatusCode::invalid_argument, "parameter `" + name + "`: " + what);
}

Status give_out(ExecAnswer answer, Record record, Output& out) {
  if (answer.kind == ExecAnswer::Kind::filter) return out.filter(answer.reason);
  if (answer.kind == ExecAnswer::Kind::fields) {
    Json& fields = record.mutable_fields();
    for (auto& [name, value] : answer.fields.items()) fields[name] = std::move(value);
    return out.emit(std::move(record));
  }
  if (answer.records.empty()) return out.filter("the program gave no record");
  const RecordId id = record.id();
  for (Json& fields : answer.records) {
    const Status status = out.emit(Record(std::move(fields), id));
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace

Spec Exec::spec() {
  return Spec("basic.exec")
      .summary("Gives each record to a program of yours, in any language: JSON lines in and out.")
      .description(
          "The program gets a line `{\"id\": 7, \"record\": {...}}` for each record and answers "
          "with a line of that `id` and one of `record` (in its place), `records` (a list of them; "
          "an empty one filters the record), `fields` (over those that the record has), `filter` "
          "(a reason) and `error` (a dead letter), in any order. What it writes to standard error "
          "goes to the log. `parallelism` is how many records are with the programs at once: for "
          "programs that are quick, or take several at once, 64 and more. A program that ends is "
          "started again, and the records that it had are asked about once more, each alone. The "
          "page docs/exec.md has the whole of it, and a helper for Python.")
      .required_param(&Exec::command_, "command",
                      "The program and its arguments, as a list: no shell reads it. A word that "
                      "names a file beside the pipeline becomes its path.")
      .file_or_name()
      .contents_count()
      .param(&Exec::programs_, "programs", 1, "How many of the program run side by side.")
      .range(1, 256)
      .no_effect_on_result()
      .param(
          &Exec::batch_, "batch", 1,
          "With more than 1 each line is a list of up to so many questions, of records that wait "
          "anyway.")
      .range(1, 10000)
      .no_effect_on_result()
      .param(&Exec::answer_timeout_s_, "answer_timeout_s", 300.0,
             "How long a program may owe the oldest of its answers before it is ended.")
      .range(0.001, 1e6)
      .unit("s")
      .no_effect_on_result()
      .param(&Exec::folder_, "folder", "",
             "The folder that the program works in; empty: the engine's working directory.")
      .input_path()
      .param(&Exec::environment_, "environment", Json::object(),
             "Variables of its environment, by name, over those of the engine.")
      .param(&Exec::version_, "version", "",
             "Any text. Change it when the program gives something else than before for a reason "
             "that stands in no file of `command`, so that no run goes on with both.")
      .param(&Exec::deterministic_, "deterministic", false,
             "Whether the program gives the same for the same record whenever it is asked. What it "
             "gave is not kept on disk then, and a start that goes on asks it again.")
      .no_effect_on_result()
      .reshapes()
      .nondeterministic_unless("deterministic");
}

Status Exec::open(Context& context) {
  if (command_.empty() || command_.front().empty()) {
    return wrong_parameter("command", "expected a program and its arguments, got nothing");
  }
  ExecChildren::Settings settings;
  process::ChildProcess::Command& command = settings.command;
  std::error_code ignored;
  if (!folder_.empty() && !std::filesystem::is_directory(folder_, ignored)) {
    return wrong_parameter("folder", "there is no folder '" + folder_ + "'");
  }
  command.program = process::find_program(command_.front());
  if (command.program.empty()) {
    const bool is_path = command_.front().find('/') != std::string::npos;
    return wrong_parameter(
        "command", "there is no program '" + command_.front() +
                       (is_path ? "' that may be executed" : "' on the PATH") +
                       (command_.size() == 1 && command_.front().find(' ') != std::string::npos
                            ? "; give the program and each argument as an item of the list"
                            : ""));
  }
  command.program = std::filesystem::absolute(command.program).string();
  command.arguments.assign(command_.begin() + 1, command_.end());
  command.folder = folder_;
  if (const Status status = add_environment(command.environment); !status.ok()) return status;
  settings.programs = programs_;
  settings.batch = batch_;
  settings.answer_timeout = std::chrono::duration<double>(answer_timeout_s_);
  children_ = std::make_unique<ExecChildren>(std::move(settings), context);
  return Status();
}

Status Exec::add_environment(std::vector<std::string>& environment) const {
  if (!environment_.is_object()) {
    return wrong_parameter("environment",
                           "expected a map of names to values, got " + environment_.dump());
  }
  for (const auto& [name, value] : environment_.items()) {
    if (value.is_structured() || value.is_null() || name.empty() ||
        name.find('=') != std::string::npos) {
      return wrong_parameter("environment",
                             "'" + name + "': expected a name and a text, got " + value.dump());
    }
    environment.push_back(name + "=" +
                          (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return Status();
}

Task<Status> Exec::process(Record record, Output& out) {
  Awaitable<Result<ExecAnswer>> asked = children_->ask(record.fields().dump());
  Result<ExecAnswer> answer = co_await asked;
  if (!answer) co_return answer.status();
  co_return give_out(std::move(*answer), std::move(record), out);
}

}  // namespace rare::basic
