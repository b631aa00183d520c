// Takes what only the endpoint may know out of what it says: some repeat the key, or the headers
// they got, in their errors, and those end in logs and dead letters.
#pragma once

#include <string>
#include <vector>

#include "plugins/llm/chat_options.h"

namespace rare::llm {

// Thread-safety: immutable once made.
class SecretMask {
 public:
  // Of the service's key, the values of its headers, and users and passwords of its URLs, as they
  // stand there and as they travel. Texts of fewer than 6 bytes ("none", "x") are no secrets.
  explicit SecretMask(const ChatOptions& options);

  // `text` with *** in the place of each of them.
  std::string hidden(std::string text) const;

 private:
  void add(const std::string& secret);
  std::vector<std::string> secrets_;  // the longest first
};

}  // namespace rare::llm
