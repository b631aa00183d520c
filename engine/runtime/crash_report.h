// The last words of a process that a plugin ends: by a crash, or by exit().
#pragma once

namespace rare::engine {

// From now on a fatal signal writes to standard error what it was, which plugin's code it hit and
// which node was at work, and then ends the process as it would have, with its core file and its
// exit code. exit() called while a node is at work writes as much, and ends the process at once
// with exit code 1: its other threads still use what exit() would destroy. Signals that somebody
// handles already (a sanitizer) stay his. What was committed before is on disk in any case.
void report_crashes();

}  // namespace rare::engine
