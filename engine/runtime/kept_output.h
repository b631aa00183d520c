// Operators whose output is not a function of their record (Spec::nondeterministic): what they gave
// out for it is on disk before it goes on. A later start of the run, and a retry, go on from the
// same output, so that nothing below is computed or paid for a second time over another text.
//
// It stands in the run's reply store, under the run, the node, the record's identity and its
// fields. Attempts at a shard are runs of their own, and find what others of them kept: they keep
// it under one name. A record that failed has none: it is worked on again. All that one record
// gives out is in memory until it is kept. Thread-safety: as the operator inside.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/buffered_output.h"
#include "rare/operator.h"
#include "rare/reply_store.h"

namespace rare::engine {

struct OutputKeeper {
  ReplyStore* store = nullptr;  // outlives the operator, as the resumer does
  Resumer* resumer = nullptr;
  std::string owner;  // the run, or what all attempts at a shard are called
  std::string node;
  OutputNames names;
};

// Waits for the disk on the pool's thread.
std::unique_ptr<Operator> keep_output(std::unique_ptr<Operator> inside, OutputKeeper keeper);
std::unique_ptr<AsyncOperator> keep_output(std::unique_ptr<AsyncOperator> inside,
                                           OutputKeeper keeper);

}  // namespace rare::engine
