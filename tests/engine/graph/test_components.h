// Components that plans of the tests are made of. They are declared and never run.
#pragma once

#include "engine/plugin/registry.h"

namespace rare::engine {

// files.read   source: path (a text or list, an input path), format
// files.write  sink: path (an output path), fields, sync_s (decides no result)
// text.note    operator: reads `input_key`, writes `output_key` ("note"), overwrite
// text.upper   operator: reads and writes `field`
// text.route   operator: ports "even" and "odd"
// text.call    operator: nondeterministic
// text.program operator: nondeterministic; a command whose files' contents count
// text.search  operator: uses a service
// set.sort     operator: gathers
// model.ask    async operator: parameters of every type
// model.fake   service: model (required), api_key (secret), base_url, max_in_flight
// index.fake   service: reads the records of the node `from`
Registry test_registry();

}  // namespace rare::engine
