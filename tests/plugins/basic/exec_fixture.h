// Programs for tests of basic.exec: Python that speaks the protocol by hand.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "basic_fixture.h"
#include "exec.h"
#include "scratch_folder.h"

namespace rare::basic {

// What programs begin with. asked() gives each question, answer() sends an answer.
inline constexpr char kProtocol[] = R"(
import json, os, signal, sys, time
def asked():
    for line in sys.stdin:
        yield json.loads(line)
def answer(question, **how):
    print(json.dumps({"id": question["id"], **how}), flush=True)
def once(name):
    """True the first time, over all programs of the test."""
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False
)";

// An operator over a program with this text, which works in a folder of its own; opened.
class ExecProgram {
 public:
  explicit ExecProgram(const std::string& text, Json values = Json::object())
      : ExecProgram(std::vector<std::string>{"python3", "-S", "-E", "program.py"}, kProtocol + text,
                    std::move(values)) {}
  ExecProgram(const std::vector<std::string>& command, const std::string& text, Json values)
      : opened_(with_program(command, text, std::move(values))) {
    REQUIRE(opened_.status.ok());
  }

  testing::Outcome run(Json fields) { return opened_.run(std::move(fields)); }
  // All at once, {"n": 0}, {"n": 1}, ...
  std::vector<testing::Outcome> run_together(int count) {
    std::vector<testing::Outcome> outcomes(static_cast<std::size_t>(count));
    std::vector<std::jthread> threads;
    for (int n = 0; n < count; ++n) {
      threads.emplace_back([&, n] {
        outcomes[static_cast<std::size_t>(n)] = testing::run(*opened_.op, record({{"n", n}}));
      });
    }
    threads.clear();
    return outcomes;
  }
  testing::TestContext& context() { return opened_.context; }
  std::string log() const {
    std::string text;
    for (const std::string& line : opened_.context.lines()) text += line + "\n";
    return text;
  }
  std::string folder() const { return folder_.path(); }
  // How often a program has begun that appends to the file "begun".
  std::size_t begun() const { return std::filesystem::file_size(folder_ / "begun"); }

 private:
  Json with_program(const std::vector<std::string>& command, const std::string& text, Json values) {
    std::ofstream(folder_ / "program.py") << text;
    values["command"] = command;
    values["folder"] = folder_.path();
    return values;
  }

  testing::ScratchFolder folder_;
  Opened<Exec> opened_;
};

}  // namespace rare::basic
