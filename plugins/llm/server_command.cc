#include "plugins/llm/server_command.h"

#include <wordexp.h>

#include <algorithm>

namespace rare::llm {
namespace {

// Stand for the braces of places while the text is split: a shell has uses of its own for braces.
constexpr char kOpenMark = '\x01', kCloseMark = '\x02';
constexpr const char* kPlaceNames[] = {"host", "port", "api_key"};

std::string expansion_error(int code) {
  switch (code) {
    case WRDE_BADCHAR:
      return "has one of | & ; < > ( ) { } outside quotes, which is for a shell to read: put "
             "quotes "
             "around it, or say sh -c '...'";
    case WRDE_BADVAL:
      return "names a variable of the environment that is not set";
    case WRDE_CMDSUB:
      return "has a command inside it, which is for a shell to run: say sh -c '...'";
    case WRDE_SYNTAX:
      return "has a quote or a bracket that is never closed";
    default:
      return "cannot be split into words";
  }
}

}  // namespace

Result<std::vector<std::string>> command_words(const std::vector<std::string>& command) {
  if (command.size() != 1) return command;
  std::string text = command.front();
  for (const char* name : kPlaceNames) {
    text = filled(text, {{name, kOpenMark + std::string(name) + kCloseMark}});
  }
  for (std::size_t at = 0; (at = text.find("\\\n", at)) != std::string::npos;) text.erase(at, 2);
  std::replace(text.begin(), text.end(), '\n', ' ');
  wordexp_t expansion{};
  const int code = wordexp(text.c_str(), &expansion, WRDE_NOCMD | WRDE_UNDEF);
  if (code != 0) return Status(StatusCode::invalid_argument, expansion_error(code));
  std::vector<std::string> words;
  for (std::size_t i = 0; i < expansion.we_wordc; ++i) {
    std::string word = expansion.we_wordv[i];
    std::replace(word.begin(), word.end(), kOpenMark, '{');
    std::replace(word.begin(), word.end(), kCloseMark, '}');
    words.push_back(std::move(word));
  }
  wordfree(&expansion);
  return words;
}

std::string filled(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string place = "{" + name + "}";
    for (std::size_t at = text.find(place); at != std::string::npos;
         at = text.find(place, at + value.size())) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

}  // namespace rare::llm
