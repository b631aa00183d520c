// Programs of basic.exec that end, hang or write what they should not: no record is lost, none is
// answered twice.
#include "exec_children.h"
#include "exec_fixture.h"

namespace rare::basic {
namespace {

// Every record has gone on once, with twice its number.
void check_all_doubled(const std::vector<testing::Outcome>& outcomes) {
  for (std::size_t n = 0; n < outcomes.size(); ++n) {
    INFO(n << ": " << outcomes[n].status.message());
    const Json expected = {{"n", n}, {"twice", 2 * n}};
    CHECK(fields_of(outcomes[n]) == std::vector<Json>{expected});
  }
}

}  // namespace

TEST_CASE("a program that is killed half-way is started again, and no record is lost or doubled") {
  ExecProgram program(R"(
for one in asked():
    if one["record"]["n"] == 10 and once("killed"): os.kill(os.getpid(), signal.SIGKILL)
    answer(one, fields={"twice": 2 * one["record"]["n"]})
)",
                      {{"programs", 2}});
  check_all_doubled(program.run_together(48));
  CHECK(program.log().find("the program ended (signal 9 (Killed)); of what it had, ") !=
        std::string::npos);
}

TEST_CASE("a record that ends every program is told from those that were with it") {
  ExecProgram program(R"(
for one in asked():
    if one["record"]["n"] == 7:
        print("no sevens", file=sys.stderr)
        os._exit(3)
    answer(one, fields={"twice": 2 * one["record"]["n"]})
)");
  std::vector<testing::Outcome> outcomes = program.run_together(24);
  const Status failed = outcomes[7].status;
  CHECK(failed.code() == StatusCode::unavailable);
  CHECK(failed.fault() == Fault::record);
  CHECK(failed.attempts() == 2);
  CHECK(failed.message() ==
        "the program ended (exit code 3) with this record, which it had alone; another one had "
        "ended with it before. The end of its standard error:\nno sevens");
  outcomes.erase(outcomes.begin() + 7);
  for (const testing::Outcome& outcome : outcomes) CHECK(outcome.records.size() == 1);
}

TEST_CASE("a batch that ends its program is taken apart") {
  ExecProgram program(R"(
for batch in asked():
    if any(one["record"]["n"] == 5 for one in batch): os._exit(1)
    for one in batch: answer(one, fields={"twice": 2 * one["record"]["n"]})
)",
                      {{"batch", 8}});
  std::vector<testing::Outcome> outcomes = program.run_together(16);
  CHECK(outcomes[5].status.code() == StatusCode::unavailable);
  outcomes.erase(outcomes.begin() + 5);
  for (const testing::Outcome& outcome : outcomes) CHECK(outcome.records.size() == 1);
}

TEST_CASE("a program may end after each answer: the next record has a new one") {
  ExecProgram program(R"(
for one in asked():
    answer(one, fields={"twice": 2 * one["record"]["n"]})
    sys.exit(0)
)");
  check_all_doubled(program.run_together(6));
}

TEST_CASE("a program that does not start ends the run with its last words, and is not tried on") {
  const auto fault = [](const std::string& text) {
    ExecProgram program("open('begun', 'a').write('.')\n" + text);
    const testing::Outcome outcome = program.run(Json::object());
    CHECK(outcome.status.fault() == Fault::run);
    CHECK(program.begun() == 3);
    CHECK(program.run(Json::object()).status.message() == outcome.status.message());
    CHECK(program.begun() == 3);
    return outcome.status.message();
  };
  const std::string no_module = fault("import no_such_module\n");
  CHECK(no_module.find("does not start: 3 times in a row it had read nothing when it ended; the "
                       "last one: ended (exit code 1). The end of its standard error:\n") !=
        std::string::npos);
  CHECK(no_module.find("No module named 'no_such_module'") != std::string::npos);
  CHECK(fault("sys.exit(0)\n").find("exit code 0); it wrote nothing to standard error") !=
        std::string::npos);
}

TEST_CASE("programs that read and never answer end the run after ten of them") {
  ExecProgram program("open('begun', 'a').write('.')\nfor one in asked(): os._exit(4)\n");
  bool is_fault = false;
  for (int n = 0; n < 20 && !is_fault; ++n) {
    const testing::Outcome outcome = program.run(Json::object());
    is_fault = outcome.status.fault() == Fault::run;
    if (is_fault) {
      CHECK(outcome.status.message().find("has ended 10 times in a row without an answer; the last "
                                          "one ended (exit code 4)") != std::string::npos);
    }
  }
  CHECK(is_fault);
  CHECK(program.begun() == 10);
}

TEST_CASE("a program that gives no answer in time is ended, and others go on") {
  ExecProgram program(R"(
for one in asked():
    if one["record"]["n"] == 3: time.sleep(3600)
    answer(one, fields={"twice": 2 * one["record"]["n"]})
)",
                      {{"answer_timeout_s", 0.5}});
  std::vector<testing::Outcome> outcomes = program.run_together(8);
  CHECK(outcomes[3].status.message().starts_with(
      "the program gave no answer for 0.5 s (`answer_timeout_s`) with this record"));
  outcomes.erase(outcomes.begin() + 3);
  for (const testing::Outcome& outcome : outcomes) CHECK(outcome.records.size() == 1);
}

TEST_CASE("a record that is forgotten while others are answered runs out of time") {
  ExecProgram program(R"(
for one in asked():
    if one["record"]["n"] != 0 or not once("forgotten"):
        answer(one, fields={"twice": 2 * one["record"]["n"]})
)",
                      {{"answer_timeout_s", 0.5}});
  check_all_doubled(program.run_together(8));
}

TEST_CASE("a program that closes its input or its output is replaced") {
  const char* const how = GENERATE("os.close(0)", "os.close(1)");
  ExecProgram program(std::string(R"(
for one in asked():
    if not once("closed"):
        answer(one, fields={"twice": 2 * one["record"]["n"]})
        continue
    answer(one, fields={"twice": 2 * one["record"]["n"]})
    )") + how + "\n    time.sleep(3600)\n");
  check_all_doubled(program.run_together(1));
  check_all_doubled(program.run_together(40));
}

TEST_CASE("records and answers of megabytes pass pipes that are full at both ends") {
  ExecProgram program(std::vector<std::string>{"cat"}, "", Json::object());
  const std::string large(3 << 20, 'x');
  std::atomic<int> passed{0};
  on_8_threads([&](int n) {
    const testing::Outcome outcome = program.run({{"n", n}, {"large", large}});
    if (fields_of(outcome) == std::vector<Json>{{{"n", n}, {"large", large}}}) ++passed;
  });
  CHECK(passed == 8);
}

TEST_CASE("a line that never ends, and lines that are no answers, end the run and say so") {
  testing::TestContext context;
  ExecChildren::Settings settings;
  settings.command = {"/bin/sh", {"-c", "while :; do printf xxxxxxxxxxxxxxxx; done"}, {}, {}};
  settings.most_line_bytes = 1 << 20;
  {
    ExecChildren children(settings, context);
    const Result<ExecAnswer> answer = testing::wait_for(children.ask("{}"));
    CHECK(answer.status().fault() == Fault::run);
    CHECK(answer.status().message().find("wrote a line of more than 1 MiB") != std::string::npos);
  }
  settings.command.arguments[1] = "while :; do echo 'not \"JSON\"'; done";
  ExecChildren children(settings, context);
  const Result<ExecAnswer> answer = testing::wait_for(children.ask("{}"));
  CHECK(answer.status().fault() == Fault::run);
  CHECK(answer.status().message().find("wrote 100 lines to its standard output and no answer among "
                                       "them, the last one: \"not \\\"JSON\\\"\"") !=
        std::string::npos);
}

TEST_CASE("when the run is cut short, what waits ends as cancelled and the programs are gone") {
  ExecProgram program(R"(
open("pid", "w").write(str(os.getpid()))
os.rename("pid", "started")
time.sleep(3600)
)");
  std::jthread cut([&] {
    while (!std::filesystem::exists(program.folder() + "/started")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    program.context().request_stop();
  });
  CHECK(program.run(Json::object()).status.code() == StatusCode::cancelled);
  CHECK(program.run(Json::object()).status.code() == StatusCode::cancelled);
}

}  // namespace rare::basic
