// What a program of basic.exec is asked, and what comes of its answers.
#include "exec.h"

#include <algorithm>
#include <set>

#include "exec_fixture.h"

namespace rare::basic {

TEST_CASE("a program answers with records, fields, a reason to filter, or an error") {
  ExecProgram program(R"(
for one in asked():
    record = one["record"]
    how = record["how"]
    if how == "record": answer(one, record={"made": record["n"]})
    if how == "records": answer(one, records=[{"part": 1}, {"part": 2}])
    if how == "none": answer(one, records=[])
    if how == "fields": answer(one, fields={"n": None, "more": [1, {}]})
    if how == "filter": answer(one, filter="too dull")
    if how == "error": answer(one, error="cannot read this")
)");
  const auto run = [&](const char* how) {
    return program.run({{"how", how}, {"n", 18446744073709551615ull}});
  };
  CHECK(fields_of(run("record")) == std::vector<Json>{{{"made", 18446744073709551615ull}}});
  CHECK(fields_of(run("records")) == std::vector<Json>{{{"part", 1}}, {{"part", 2}}});
  CHECK(run("none").filters == std::vector<std::string>{"the program gave no record"});
  const Json merged = {{"how", "fields"}, {"n", nullptr}, {"more", {1, Json::object()}}};
  CHECK(fields_of(run("fields")) == std::vector<Json>{merged});
  CHECK(run("filter").filters == std::vector<std::string>{"too dull"});
  const testing::Outcome failed = run("error");
  CHECK(failed.status.code() == StatusCode::invalid_data);
  CHECK(failed.status.fault() == Fault::record);
  CHECK(failed.status.message() == "the program says: cannot read this");
  CHECK(run("record").records.at(0).id().to_string() == "0");
}

TEST_CASE("an answer that says nothing of use costs its record") {
  ExecProgram program(R"(
for one in asked():
    answer(one, **one["record"]["answer"])
)");
  const auto message = [&](Json answer) {
    const testing::Outcome outcome = program.run({{"answer", std::move(answer)}});
    CHECK(outcome.status.code() == StatusCode::invalid_data);
    CHECK(outcome.records.empty());
    return outcome.status.message();
  };
  const std::string begin = "the program's answer: ";
  CHECK(message({{"result", 1}}) ==
        begin +
            "expected one of `record`, `records`, `fields`, `filter` and `error`, got only `id`, "
            "`result`");
  CHECK(message({{"record", 7}}) == begin + "`record`: expected an object, got number");
  CHECK(message({{"fields", Json::array()}}) == begin + "`fields`: expected an object, got array");
  CHECK(message({{"records", Json::object()}}) == begin + "`records`: expected a list, got object");
  CHECK(message({{"records", {1}}}) == begin + "expected objects as records, got number");
  CHECK(message({{"error", nullptr}}) == begin + "`error`: expected a text, got null");
  CHECK(message({{"filter", "a"}, {"record", Json::object()}}) ==
        begin + "expected only one of `filter` and `record`, got both");
}

TEST_CASE("answers may come in any order") {
  ExecProgram program(R"(
held = []
for one in asked():
    held.append(one)
    if len(held) == 16:
        for late in reversed(held): answer(late, fields={"twice": 2 * late["record"]["n"]})
        held = []
)");
  const std::vector<testing::Outcome> outcomes = program.run_together(32);
  for (int n = 0; n < 32; ++n) {
    const Json expected = {{"n", n}, {"twice", 2 * n}};
    CHECK(fields_of(outcomes[static_cast<std::size_t>(n)]) == std::vector<Json>{expected});
  }
  CHECK(program.log().empty());
}

TEST_CASE("several programs work side by side, no more than were asked for") {
  ExecProgram program(R"(
for one in asked():
    time.sleep(0.02)
    answer(one, record={"pid": os.getpid()})
)",
                      {{"programs", 3}});
  std::set<int> pids;
  for (const testing::Outcome& outcome : program.run_together(24)) {
    REQUIRE(outcome.status.ok());
    pids.insert(outcome.records.at(0).fields().at("pid").get<int>());
  }
  CHECK(pids.size() == 3);
}

TEST_CASE("with a batch, lines are lists of records that wait, and a short one waits for nobody") {
  ExecProgram program(R"(
for batch in asked():
    answers = [{"id": one["id"], "record": {"size": len(batch)}} for one in batch]
    time.sleep(0.02)
    print(json.dumps(answers), flush=True)
)",
                      {{"batch", 8}});
  CHECK(program.run(Json::object()).records.at(0).fields() == Json{{"size", 1}});
  int largest = 0;
  for (const testing::Outcome& outcome : program.run_together(40)) {
    REQUIRE(outcome.status.ok());
    const int size = outcome.records.at(0).fields().at("size").get<int>();
    CHECK(size <= 8);
    largest = std::max(largest, size);
  }
  CHECK(largest > 1);
}

TEST_CASE("the program has the folder, the environment and the arguments that the node names") {
  ExecProgram program({"python3", "-S", "program.py", "an argument; $HOME"},
                      std::string(kProtocol) + R"(
for one in asked():
    answer(one, record={"folder": os.getcwd(), "words": sys.argv[1:], "port": os.environ["PORT"],
                        "path": "PATH" in os.environ})
)",
                      {{"environment", {{"PORT", 8080}}}});
  const Json fields = program.run(Json::object()).records.at(0).fields();
  CHECK(std::filesystem::equivalent(fields.at("folder").get<std::string>(), program.folder()));
  CHECK(fields.at("words") == Json{"an argument; $HOME"});
  CHECK(fields.at("port") == "8080");
  CHECK(fields.at("path") == true);
}

TEST_CASE("standard error goes to the log, and one that never ends is held to a pace") {
  ExecProgram program(R"(
for one in asked():
    for n in range(5000): print("line", n, "x" * 3000, file=sys.stderr)
    answer(one, record={})
)");
  CHECK(program.run(Json::object()).status.ok());
  const std::vector<std::string> lines = program.context().lines();
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.front().starts_with("line 0 xxx"));
  CHECK(lines.front().size() == 2048);
  CHECK(lines.size() < 4000);
}

TEST_CASE("what is not an answer is passed over and said") {
  ExecProgram program(R"(
print("loading the model ...", flush=True)
for one in asked():
    print("[1, 2]")
    print(json.dumps({"id": one["id"] + 1000, "record": {}}))
    answer(one, record={})
    answer(one, record={"twice": True})
    print("\n\n", flush=True)
)");
  CHECK(fields_of(program.run(Json::object())) == std::vector<Json>{Json::object()});
  CHECK(program.run(Json::object()).status.ok());  // by now the lines behind the answer were read
  const std::string log = program.log();
  CHECK(log.find("that is no answer (passed over): \"loading the model ...\"") !=
        std::string::npos);
  CHECK(log.find("\"[1, 2]\"") != std::string::npos);
  CHECK(log.find("answered id 1000, which it was not asked or has answered already") !=
        std::string::npos);
  CHECK(log.find("answered id 0, which") != std::string::npos);
}

TEST_CASE("a program that is not there is found when the node is opened") {
  const auto error = [](Json command) { return open_error<Exec>({{"command", command}}); };
  CHECK(error({"no-such-program"}) ==
        "parameter `command`: there is no program 'no-such-program' on the PATH");
  CHECK(error({"/etc/passwd", "x"}) ==
        "parameter `command`: there is no program '/etc/passwd' that may be executed");
  CHECK(error({"python3 score.py"}) ==
        "parameter `command`: there is no program 'python3 score.py' on the PATH; give the program "
        "and each argument as an item of the list");
  CHECK(error(Json::array()).find("got nothing") != std::string::npos);
  CHECK(open_error<Exec>({{"command", {"cat"}}, {"folder", "/no/such"}}) ==
        "parameter `folder`: there is no folder '/no/such'");
  CHECK(open_error<Exec>({{"command", {"cat"}}, {"environment", {{"A", Json::array()}}}}) ==
        "parameter `environment`: 'A': expected a name and a text, got []");
  CHECK(open_error<Exec>({{"command", {"cat"}}, {"environment", 3}}).find("got 3") !=
        std::string::npos);
  CHECK(open_error<Exec>({{"command", {"cat"}}}) == "");
}

}  // namespace rare::basic
