#include "plugins/bm25/window_kernels.h"

// Highway compiles this file once for each of its targets; this is how it finds it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plugins/bm25/window_kernels.cc"
#include <hwy/foreach_target.h>
// After it:
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rare::bm25 {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors of at most 32 lanes: a group of 64 is a whole number of them on every target.
using Sums = hn::CappedTag<std::uint16_t, 32>;
using Values = hn::Rebind<std::uint8_t, Sums>;

template <bool kShifted>
HWY_INLINE void add_rows_shifted(const RowAddend* rows, std::size_t row_count, unsigned shift,
                                 std::size_t count, std::uint16_t* sums) {
  const Sums d;
  const Values bytes;
  const std::size_t lanes = hn::Lanes(d);
  const auto rounding = hn::Set(d, static_cast<std::uint16_t>((1U << shift) - 1));
  const auto part = [&](const RowAddend& row, std::size_t at) HWY_ATTR {
    const auto value = hn::PromoteTo(d, hn::LoadU(bytes, row.values + at));
    const auto product = hn::Mul(value, hn::Set(d, row.factor));
    if constexpr (!kShifted) return product;
    return hn::ShiftRightSame(hn::Add(product, rounding), static_cast<int>(shift));
  };
  for (std::size_t at = 0; at < count; at += 2 * lanes) {
    auto first = hn::LoadU(d, sums + at);
    auto second = hn::LoadU(d, sums + at + lanes);
    for (std::size_t i = 0; i < row_count; ++i) {
      first = hn::SaturatedAdd(first, part(rows[i], at));
      second = hn::SaturatedAdd(second, part(rows[i], at + lanes));
    }
    hn::StoreU(first, d, sums + at);
    hn::StoreU(second, d, sums + at + lanes);
  }
}

void add_rows(const RowAddend* rows, std::size_t row_count, unsigned shift, std::size_t count,
              std::uint16_t* sums) {
  if (shift == 0) {
    add_rows_shifted<false>(rows, row_count, shift, count, sums);
  } else {
    add_rows_shifted<true>(rows, row_count, shift, count, sums);
  }
}

void add_group_maxima(const std::uint16_t* sums, std::size_t groups, std::uint16_t* bounds) {
  const Sums d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t group = 0; group < groups; ++group) {
    const std::uint16_t* begin = sums + group * 64;
    auto greatest = hn::LoadU(d, begin);
    for (std::size_t at = lanes; at < 64; at += lanes) {
      greatest = hn::Max(greatest, hn::LoadU(d, begin + at));
    }
    const unsigned bound = bounds[group] + hn::GetLane(hn::MaxOfLanes(d, greatest));
    bounds[group] = static_cast<std::uint16_t>(bound < 65535 ? bound : 65535);
  }
}

std::uint64_t at_least(const std::uint16_t* sums, std::uint16_t threshold) {
  const Sums d;
  const std::size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, threshold);
  std::uint64_t result = 0;
  for (std::size_t at = 0; at < 64; at += lanes) {
    const auto sum = hn::LoadU(d, sums + at);
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(hn::Max(sum, limit), sum), bits);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < (lanes + 7) / 8; ++i) mask |= std::uint64_t{bits[i]} << (8 * i);
    result |= mask << at;
  }
  return result;
}

WindowKernels kernels() {
  return {hwy::TargetName(HWY_TARGET), add_rows, add_group_maxima, at_least};
}

}  // namespace HWY_NAMESPACE
}  // namespace rare::bm25
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rare::bm25 {
namespace {

HWY_EXPORT(kernels);

}  // namespace

const WindowKernels& window_kernels() {
  static const WindowKernels best = HWY_DYNAMIC_DISPATCH(kernels)();
  return best;
}

std::vector<WindowKernels> all_window_kernels() {
  std::vector<WindowKernels> all;
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    all.push_back(HWY_DYNAMIC_DISPATCH(kernels)());
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return all;
}

}  // namespace rare::bm25
#endif  // HWY_ONCE
