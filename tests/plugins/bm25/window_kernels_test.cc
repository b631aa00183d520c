#include "plugins/bm25/window_kernels.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "catch.h"

namespace rare::bm25 {
namespace {

using Sums = std::vector<std::uint16_t>;

// What the kernels must equal.
void add_rows_plainly(const std::vector<RowAddend>& rows, unsigned shift, Sums& sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    unsigned sum = sums[i];
    for (const RowAddend& row : rows) {
      sum = std::min(65535U, sum + ((row.values[i] * row.factor + (1U << shift) - 1) >> shift));
    }
    sums[i] = static_cast<std::uint16_t>(sum);
  }
}

Sums random_sums(std::mt19937& random, std::size_t count) {
  Sums sums(count);
  for (std::uint16_t& sum : sums) sum = static_cast<std::uint16_t>(random());
  return sums;
}

#if defined(__x86_64__)
TEST_CASE("Where the machine has AVX-512, what is tested here and searched with has it, too") {
  const bool has =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0;
  const std::vector<WindowKernels> all = all_window_kernels();
  const bool tested = std::any_of(all.begin(), all.end(), [](const WindowKernels& kernels) {
    return std::string(kernels.name).starts_with("AVX3");
  });
  CHECK(tested == has);
  CHECK(std::string(window_kernels().name).starts_with("AVX3") == has);
}
#endif

TEST_CASE("Every kind of instructions adds rows as plain code does, and stops at 65,535") {
  std::mt19937 random(1);
  std::vector<std::vector<std::uint8_t>> bytes(40, std::vector<std::uint8_t>(640));
  for (auto& row : bytes) {
    for (std::uint8_t& value : row) value = static_cast<std::uint8_t>(random());
  }
  bytes[0].assign(640, 255);
  for (const WindowKernels& kernels : all_window_kernels()) {
    for (const std::size_t row_count : {0, 1, 2, 7, 40}) {
      std::vector<RowAddend> rows;
      for (std::size_t i = 0; i < row_count; ++i) {
        rows.push_back({bytes[i].data(), static_cast<std::uint16_t>(i == 0 ? 256 : 1 + i % 9)});
      }
      for (unsigned shift = 0; shift <= 8; ++shift) {
        for (const bool from_zero : {true, false}) {
          Sums sums = from_zero ? Sums(640) : random_sums(random, 640);
          Sums expected = sums;
          add_rows_plainly(rows, shift, expected);
          kernels.add_rows(rows.data(), rows.size(), shift, sums.size(), sums.data());
          INFO(kernels.name << ", " << row_count << " rows, shift " << shift);
          CHECK(sums == expected);
        }
      }
    }
  }
}

TEST_CASE("Every kind of instructions finds the same maxima and the same sums at a threshold") {
  std::mt19937 random(2);
  for (const WindowKernels& kernels : all_window_kernels()) {
    INFO(kernels.name);
    for (int round = 0; round < 50; ++round) {
      const Sums sums = random_sums(random, 320);
      Sums bounds = random_sums(random, 5);
      Sums expected = bounds;
      for (std::size_t group = 0; group < 5; ++group) {
        const auto* begin = sums.data() + group * 64;
        expected[group] = static_cast<std::uint16_t>(
            std::min(65535, expected[group] + *std::max_element(begin, begin + 64)));
      }
      kernels.add_group_maxima(sums.data(), 5, bounds.data());
      CHECK(bounds == expected);
      for (const std::uint16_t threshold : {std::uint16_t{0}, std::uint16_t{1}, sums[7],
                                            std::uint16_t{0x8000}, std::uint16_t{65535}}) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 64; ++i) {
          bits |= std::uint64_t{sums[i] >= threshold ? 1U : 0U} << i;
        }
        CHECK(kernels.at_least(sums.data(), threshold) == bits);
      }
    }
  }
}

}  // namespace
}  // namespace rare::bm25
