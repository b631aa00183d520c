// Whose code a thread runs: for the report of a crash, which can ask nobody else.
#pragma once

#include <string>

#include "engine/graph/plan.h"
#include "rare/record.h"

namespace rare::engine {

// A node or a service. REQUIRES: the plan outlives it.
struct Work {
  Work() = default;
  explicit Work(const PlannedNode& node) : what("node"), name(&node.name), use(node.use) {}
  explicit Work(const PlannedService& service)
      : what("service"), name(&service.name), use(service.use) {}

  const char* what = nullptr;
  const std::string* name = nullptr;  // nullptr: nobody's that is known
  const RegisteredComponent* use = nullptr;
};

// Of this thread.
inline thread_local constinit Work work_of_thread;

// The record that this thread works on, for what is logged meanwhile; nullptr: none that is known.
inline thread_local constinit const RecordId* record_of_thread = nullptr;

class RecordAtWork {
 public:
  // REQUIRES: the id stays where it is meanwhile.
  explicit RecordAtWork(const RecordId& id) { record_of_thread = &id; }
  ~RecordAtWork() { record_of_thread = nullptr; }
  RecordAtWork(const RecordAtWork&) = delete;
  RecordAtWork& operator=(const RecordAtWork&) = delete;
};

class AtWork {
 public:
  template <class Planned>
  explicit AtWork(const Planned& planned) : before_(work_of_thread) {
    work_of_thread = Work(planned);
  }
  ~AtWork() { work_of_thread = before_; }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  const Work before_;
};

}  // namespace rare::engine
