#include "engine_process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace rare::engine::test {
namespace {

std::vector<std::string> environment_of(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.rfind("RARE_", 0) == 0 || text.rfind("NO_COLOR=", 0) == 0) continue;
    if (added.count(text.substr(0, text.find('='))) == 0) result.push_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void redirect(const std::filesystem::path& file, int to) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (opened < 0 || ::dup2(opened, to) < 0) ::_exit(127);
}

}  // namespace

EngineProcess::EngineProcess() {
  std::string name = (std::filesystem::temp_directory_path() / "rare_cli_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = std::filesystem::canonical(name);
}

EngineProcess::~EngineProcess() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Finished EngineProcess::run(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment) const {
  std::vector<std::string> words{RARE_TEST_ENGINE};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program(std::move(words), environment);
}

Finished EngineProcess::run_program(std::vector<std::string> words,
                                    const std::map<std::string, std::string>& environment) const {
  const std::filesystem::path out = folder_ / ".stdout";
  const std::filesystem::path err = folder_ / ".stderr";
  std::vector<std::string> variables = environment_of(environment);
  const std::vector<char*> argument_pointers = pointers_of(words);
  const std::vector<char*> variable_pointers = pointers_of(variables);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(folder_.c_str()) != 0) ::_exit(127);
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    ::execvpe(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
    ::_exit(127);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) throw std::runtime_error("no process");
  Finished finished;
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.out = contents_of(out);
  finished.err = contents_of(err);
  return finished;
}

void EngineProcess::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

std::string EngineProcess::read(const std::string& name) const {
  return contents_of(folder_ / name);
}

std::string fixture_folder(const std::string& name) {
  return std::string(RARE_TEST_PLUGINS) + "/" + name;
}

}  // namespace rare::engine::test
