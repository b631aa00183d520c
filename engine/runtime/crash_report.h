// The last words of a process that a plugin ends: by a crash, or by exit().
#pragma once

namespace rare::engine {

// From now on a fatal signal writes to standard error what it was, which plugin's code it hit and
// which node or service was at work, and then ends the process as it would have, with its core file
// and its exit code. Signals that somebody handles already (a sanitizer) stay his. What was
// committed before is on disk in any case. The calling thread is the engine's 'main' one.
void report_crashes();

// The calling thread is one of the engine's own: where nobody is known to be at work, a report
// names it so. It also gets a stack for reports, for when its own is full (a recursion without
// end); threads that plugins start have none. Once for each thread is enough, and more is cheap.
// REQUIRES: `name` is a literal.
void begin_engine_thread(const char* name);

// As long as one lives, code of components may run, on any thread. exit() then writes as much as a
// signal does, and ends the process at once with exit code 1: other threads still use what exit()
// would destroy, and nobody shall take the run for a complete one. Nothing of this without
// report_crashes(), or in a child that a plugin forks.
class ComponentsAtWork {
 public:
  ComponentsAtWork();
  ~ComponentsAtWork();
  ComponentsAtWork(const ComponentsAtWork&) = delete;
  ComponentsAtWork& operator=(const ComponentsAtWork&) = delete;
};

}  // namespace rare::engine
