#include <rare/testing/checks.h>
#include <rare/testing/sink_checks.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "my_plugin.cc"

namespace {

rare::Json lines_of(const std::string& path) {
  rare::Json lines = rare::Json::array();
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void a_run_that_is_killed_and_goes_on_writes_each_row_once() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/out/lines.txt";
  std::vector<rare::Record> rows;
  for (const char* text : {"one", "two", "three\nand more", "four", "five", "six"}) {
    rows.push_back(rare::Record(rare::Json{{"text", text}}));
  }
  RARE_CHECK_OK(
      rare::testing::check_sink<Write>({{"path", path}}, rows, [&] { return lines_of(path); },
                                       {"one", "two", "three and more", "four", "five", "six"}));
}

// As a start finds it that goes on at eight bytes.
rare::Status opened_at_eight_bytes(const std::string& path) {
  rare::testing::TestContext context;
  const auto sink = rare::testing::make<Write>({{"path", path}});
  rare::Status status = sink->open(context, rare::Offset{rare::Json(8)});
  return status.ok() ? sink->finalise() : status;
}

void rows_that_were_committed_and_are_gone_end_the_run() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/lines.txt";
  std::ofstream(path) << "another run's";
  RARE_CHECK(opened_at_eight_bytes(path).fault() == rare::Fault::run);
  std::ofstream(path + ".part") << "on";
  const rare::Status status = opened_at_eight_bytes(path);
  RARE_CHECK(status.message().find("the 8 bytes that an earlier start wrote, came 2 bytes") !=
             std::string::npos);
  RARE_CHECK_EQUAL(lines_of(path), rare::Json({"another run's"}));
}

void a_copy_of_the_finished_file_that_a_kill_cut_short_is_made_anew() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/lines.txt";
  std::ofstream(path) << "one\ntwo\n";
  std::ofstream(path + ".copy") << "on";
  RARE_CHECK_OK(opened_at_eight_bytes(path));
  RARE_CHECK_EQUAL(lines_of(path), rare::Json({"one", "two"}));
  RARE_CHECK(!std::filesystem::exists(path + ".copy"));
}

void what_is_no_text_is_refused_on_arrival() {
  const auto sink = rare::testing::make<Write>({{"path", "x"}});
  RARE_CHECK(!sink->accept(rare::Record(rare::Json{{"text", 1}})).ok());
  RARE_CHECK(!sink->accept(rare::Record()).ok());
}

}  // namespace

int main() {
  a_run_that_is_killed_and_goes_on_writes_each_row_once();
  rows_that_were_committed_and_are_gone_end_the_run();
  a_copy_of_the_finished_file_that_a_kill_cut_short_is_made_anew();
  what_is_no_text_is_refused_on_arrival();
  return rare::testing::failed_checks();
}
