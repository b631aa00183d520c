#include <rare/testing/checks.h>
#include <rare/testing/sink_checks.h>

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

void what_is_no_text_is_refused_on_arrival() {
  const auto sink = rare::testing::make<Write>({{"path", "x"}});
  RARE_CHECK(!sink->accept(rare::Record(rare::Json{{"text", 1}})).ok());
  RARE_CHECK(!sink->accept(rare::Record()).ok());
}

}  // namespace

int main() {
  a_run_that_is_killed_and_goes_on_writes_each_row_once();
  what_is_no_text_is_refused_on_arrival();
  return rare::testing::failed_checks();
}
