#include <rare/testing/checks.h>
#include <rare/testing/source_checks.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "my_plugin.cc"

namespace {

// A folder of the test's own with these files, each with its name as text.
std::string folder_with(rare::testing::TestContext& context,
                        const std::vector<std::string>& names) {
  const std::string folder = context.scratch_folder();
  for (const std::string& name : names) std::ofstream(folder + "/" + name) << name;
  return folder;
}

void files_come_by_name_and_others_do_not() {
  rare::testing::TestContext context;
  const auto read =
      rare::testing::make<Read>({{"path", folder_with(context, {"b.txt", "a.txt", "c.md"})}});
  RARE_CHECK_OK(read->open(context, std::nullopt));
  for (const char* name : {"a.txt", "b.txt"}) {
    const auto record = read->next();
    RARE_CHECK(record.ok() && record->has_value());
    RARE_CHECK_EQUAL((*record)->fields()["text"], name);
  }
  RARE_CHECK(!read->next()->has_value());
}

void a_folder_that_is_not_there_ends_the_run_with_its_name() {
  rare::testing::TestContext context;
  const auto read = rare::testing::make<Read>({{"path", "no/such/folder"}});
  const rare::Status status = read->open(context, std::nullopt);
  RARE_CHECK(status.fault() == rare::Fault::run);
  RARE_CHECK(status.message().find("no/such/folder") != std::string::npos);
}

void a_run_that_is_cut_anywhere_loses_no_file_and_reads_none_twice() {
  rare::testing::TestContext context;
  RARE_CHECK_OK(rare::testing::check_source<Read>(
      {{"path", folder_with(context, {"a.txt", "b.txt", "c.txt", "d.txt"})}}));
}

}  // namespace

int main() {
  files_come_by_name_and_others_do_not();
  a_folder_that_is_not_there_ends_the_run_with_its_name();
  a_run_that_is_cut_anywhere_loses_no_file_and_reads_none_twice();
  return rare::testing::failed_checks();
}
