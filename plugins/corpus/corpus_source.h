// Where a service's corpus comes from: a node of the pipeline, or files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rare/context.h"
#include "rare/service.h"
#include "rare/status.h"

namespace rare::corpus {

struct OpenCorpus {
  std::unique_ptr<RecordStream> records;
  // Of the files (Service::identity()); null for a node, whose sources have their own.
  Json identity;
};

// The records of the node `from`, or, where that is empty, of the files or patterns `path`, written
// as `format` says (files.read). A record of a file that cannot be read has no fields, so that it
// takes its ordinal; the log says so of the first. `context` outlives the stream.
Result<OpenCorpus> open_corpus(ServiceContext& context, const std::string& from,
                               const std::vector<std::string>& path, const std::string& format);

// The same in a message: "node `documents`", "a.jsonl and 2 more".
std::string corpus_name(const std::string& from, const std::vector<std::string>& path);

}  // namespace rare::corpus
