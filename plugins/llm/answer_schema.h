// What can be known to be wrong with the JSON Schema of an answer before anything is asked.
#pragma once

#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

// Whether `schema` is a JSON Schema of an object that names its properties, so that they can become
// fields of a record. The message of an error begins with "schema" and says what was expected.
// Thread-safety: any thread.
Status check_answer_schema(const Json& schema);

}  // namespace rare::llm
