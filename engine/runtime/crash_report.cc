#include "engine/runtime/crash_report.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/plugin/loader.h"
#include "engine/runtime/at_work.h"

namespace rare::engine {
namespace {

// The process that reports; 0: none does.
std::atomic<pid_t> reporting_process{0};
std::atomic<int> components_at_work{0};

thread_local const char* name_of_thread = nullptr;  // of the engine's own

// What a thread's report runs on when its stack is full.
class ReportStack {
 public:
  // A sanitizer gives threads one of its own, and takes it back itself.
  ReportStack() {
    stack_t there{};
    if (sigaltstack(nullptr, &there) != 0 || (there.ss_flags & SS_DISABLE) == 0) return;
    void* const room =
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return;
    stack_t mine{};
    mine.ss_sp = room_ = room;
    mine.ss_size = kBytes;
    sigaltstack(&mine, nullptr);
  }
  ~ReportStack() {
    if (room_ == nullptr) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(room_, kBytes);
  }
  ReportStack(const ReportStack&) = delete;
  ReportStack& operator=(const ReportStack&) = delete;

 private:
  static constexpr std::size_t kBytes = 64 << 10;
  void* room_ = nullptr;
};

// Everything below runs in a signal's handler: it takes no memory and no lock.

// Text in room of its own; what does not fit is cut off.
class LastWords {
 public:
  LastWords& operator<<(std::string_view text) {
    for (const char c : text) {
      if (size_ < sizeof text_) text_[size_++] = c;
    }
    return *this;
  }
  LastWords& operator<<(int number) {
    char digits[12];
    std::size_t at = sizeof digits;
    do digits[--at] = static_cast<char>('0' + number % 10);
    while ((number /= 10) > 0);
    return *this << std::string_view(digits + at, sizeof digits - at);
  }
  void write_out() const { [[maybe_unused]] const auto n = write(STDERR_FILENO, text_, size_); }

 private:
  char text_[2048];
  std::size_t size_ = 0;
};

const char* signal_name(int number) {
  switch (number) {
    case SIGSEGV:
      return "segmentation fault";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "arithmetic error";
    case SIGILL:
      return "illegal instruction";
    default:
      return "abort";
  }
}

// The next line of the file, without its end, in `line`; what does not fit is cut off.
std::string_view next_map_line(int fd, char (&line)[512]) {
  std::size_t size = 0;
  char c = 0;
  while (read(fd, &c, 1) == 1 && c != '\n') {
    if (size < sizeof line) line[size++] = c;
  }
  return {line, c == '\n' ? size : 0};
}

std::uint64_t from_hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    value = value * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

// The file whose code stands at the address, by the kernel's own list; empty: none.
std::string_view file_at(std::uint64_t address, char (&line)[512]) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  std::string_view file;
  for (std::string_view text; fd >= 0 && !(text = next_map_line(fd, line)).empty();) {
    const std::size_t dash = text.find('-'), space = text.find(' ');
    if (dash == text.npos || space == text.npos || dash > space) continue;
    const std::uint64_t begin = from_hexadecimal(text.substr(0, dash));
    const std::uint64_t end = from_hexadecimal(text.substr(dash + 1, space - dash - 1));
    if (address < begin || address >= end) continue;
    const std::size_t path = text.find('/');
    if (path != text.npos) file = text.substr(path);
    break;
  }
  if (fd >= 0) close(fd);
  return file;
}

// Where a thread stood; 0 where the processor is not known here.
struct Registers {
  std::uint64_t code = 0, stack = 0;
};

Registers registers_of(const void* context) {
  [[maybe_unused]] const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return {static_cast<std::uint64_t>(machine.gregs[REG_RIP]),
          static_cast<std::uint64_t>(machine.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {machine.pc, machine.sp};
#else
  return {};
#endif
}

// There is no memory where the stack goes on.
bool is_full_stack(int number, const siginfo_t& info, std::uint64_t top) {
  constexpr std::uint64_t kNear = 64 << 10;
  if (number != SIGSEGV || info.si_code <= 0) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  return top != 0 && address < top + kNear && top < address + kNear;
}

void add_place(LastWords& message) {
  const Work& work = work_of_thread;
  if (const char* const file = plugin_file_at_load(); file != nullptr) {
    message << " while the plugin " << file
            << " was loaded, in a static initialiser or its registration";
    return;
  }
  if (work.name == nullptr && name_of_thread != nullptr) {
    message << " on the engine's thread '" << name_of_thread << "'";
    return;
  }
  if (work.name == nullptr) {
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    message << " on a thread of a plugin or a library ('" << name << "')";
    return;
  }
  message << " at " << work.what << " '" << *work.name << "' (" << work.use->component.spec.name()
          << " of plugin " << work.use->plugin << ", " << work.use->plugin_file << ")";
}

constexpr std::string_view kWhatIsLeft =
    "What was committed and what was paid for is on disk: once the plugin is mended, or what uses "
    "it is left out, the same command goes on.\n";

void report_signal(int number, siginfo_t* info, void* context) {
  LastWords message;
  char line[512];
  const Registers at = registers_of(context);
  message << "\nrare-engine: signal " << number << " (" << signal_name(number);
  if (is_full_stack(number, *info, at.stack)) message << ": the stack of its thread is full";
  message << ")";
  add_place(message);
  const std::string_view file = file_at(at.code, line);
  if (!file.empty()) message << ", in the code of " << file;
  message << ". " << kWhatIsLeft;
  message.write_out();
  raise(number);  // with its old meaning (SA_RESETHAND), as soon as this returns
}

void report_exit() {
  if (components_at_work.load() == 0 || getpid() != reporting_process.load()) return;
  LastWords message;
  message << "\nrare-engine: exit() was called";
  add_place(message);
  message << ": a component ends a run with Status::run_fault. " << kWhatIsLeft;
  message.write_out();
  _exit(1);
}

}  // namespace

void report_crashes() {
  begin_engine_thread("main");
  reporting_process.store(getpid());
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_sigaction = report_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    sigaction(number, &action, nullptr);
  }
}

void begin_engine_thread(const char* name) {
  thread_local const ReportStack stack_for_reports;
  name_of_thread = name;
}

// exit() undoes last what was registered first: plugins, which are loaded by now, lose nothing
// before the report.
ComponentsAtWork::ComponentsAtWork() {
  components_at_work.fetch_add(1);
  if (reporting_process.load() != 0) std::atexit(report_exit);
}

ComponentsAtWork::~ComponentsAtWork() { components_at_work.fetch_sub(1); }

}  // namespace rare::engine
