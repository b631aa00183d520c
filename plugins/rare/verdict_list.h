// A verdict, yes or no with a reason, on each of several numbered things, in one answer of a model.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rare/json.h"

namespace rare::distill {

// Of thing `index` (from 0) of `count`, from 1. All of one width, so that a schema's keys, which
// are sorted where it becomes a grammar, stand in the order of the things.
std::string verdict_number(std::size_t index, std::size_t count);

// {number: {reason, VERDICT: true or false}}. A key for each thing instead of a list: what enforces
// the schema then enforces that none is left out and none is judged twice. REQUIRES: `verdict`
// comes after "reason" in the alphabet, so that it follows from the reason wherever keys are
// sorted.
Json verdict_schema(std::size_t count, std::string_view verdict);

// What is wrong with an answer to that schema, in words for the model; empty: nothing. `thing` is
// what it was told of.
std::string problem_of_verdicts(const Json& answer, std::size_t count, std::string_view verdict,
                                std::string_view thing);

}  // namespace rare::distill
