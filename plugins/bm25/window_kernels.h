// The inner loops of a search, for the instructions that the machine has (Highway's run-time
// dispatch): AVX-512, AVX2, SSE and plain code compute the same numbers.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rare::bm25 {

// One byte a document, and what a step of it is worth: (value * factor + rounding) >> shift.
struct RowAddend {
  const std::uint8_t* values;
  std::uint16_t factor;  // 1 to 256
};

struct WindowKernels {
  const char* name;  // of the instructions
  // Adds the rows to sums[0, count); a sum that would overflow stays at 65,535. `shift` is at most
  // 8, rounding = (1 << shift) - 1: rounded up. REQUIRES: `count` a multiple of 64.
  void (*add_rows)(const RowAddend* rows, std::size_t row_count, unsigned shift, std::size_t count,
                   std::uint16_t* sums);
  // Adds the greatest of each 64 sums to bounds[0, groups), likewise.
  void (*add_group_maxima)(const std::uint16_t* sums, std::size_t groups, std::uint16_t* bounds);
  // Bit i: sums[i] >= threshold, of 64.
  std::uint64_t (*at_least)(const std::uint16_t* sums, std::uint16_t threshold);
};

// The best that this machine runs.
const WindowKernels& window_kernels();
// All that it runs; for tests. Not while another thread searches for the first time.
std::vector<WindowKernels> all_window_kernels();

}  // namespace rare::bm25
