// What differs between two JSON values, in lines for people.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::engine {

// One line a key that differs: "  KEY: was OLD, now NEW". Long values are shortened around the
// first place where they differ; at most `limit` lines, then how many more there are. Empty when
// the two are equal.
std::string differing_keys(const Json& before, const Json& now, std::size_t limit = 12);
// The same for two fingerprints. A key that `before` does not have and that is as in `defaults`
// makes no difference: the parameter is newer than the run.
std::string differing_settings(const Json& before, Json now, const Json& defaults);
// The same for values of any depth: keys are paths such as "files/0/size", or, where the object has
// a `path`, "in.jsonl, size".
std::string differing_paths(const Json& before, const Json& now, std::size_t limit = 6);

}  // namespace rare::engine
