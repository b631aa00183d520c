#include "passages.h"

#include "plugins/tokens/token_estimate.h"

namespace rare::text {

namespace {

class Packing {
 public:
  Packing(std::string_view text, const std::vector<TextUnit>& units, const PassageLimits& limits)
      : units_(units), limits_(limits) {
    std::size_t at = 0;
    std::size_t quarters = 0;
    const auto measured_to = [&](std::size_t end) {
      quarters += tokens::estimate_quarter_tokens(text.substr(at, end - at));
      at = end;
      return quarters;
    };
    for (const TextUnit& unit : units) {
      const std::size_t begin = measured_to(unit.begin);
      quarters_.push_back({begin, measured_to(unit.end)});
    }
  }

  std::vector<Passage> packed() {
    for (std::size_t first = 0; first < units_.size();) {
      const std::size_t last = end_of(first);
      add(first, last);
      first = last == units_.size() ? last : overlapping(first, last);
    }
    return std::move(passages_);
  }

 private:
  // Of the units [first, last), with what stands between them.
  std::size_t tokens(std::size_t first, std::size_t last) const {
    return (quarters_[last - 1].end - quarters_[first].begin + 3) / 4;
  }

  std::size_t end_of(std::size_t first) const {
    std::size_t last = first + 1;
    while (last < units_.size() && tokens(first, last + 1) <= limits_.max_tokens) {
      const bool whole = tokens(first, last) >= limits_.min_tokens;
      if (units_[last].opens_section && whole && !units_[last - 1].opens_section) break;
      ++last;
    }
    if (last == units_.size()) return last;
    std::size_t end = last;
    while (end > first && units_[end - 1].opens_section) --end;
    return end > first ? end : last;
  }

  void add(std::size_t first, std::size_t last) {
    const bool is_last = last == units_.size();
    if (is_last && !passages_.empty() && tokens(first, last) < limits_.min_tokens &&
        units_[previous_].section == units_[first].section &&
        tokens(previous_, last) <= limits_.max_tokens) {
      first = previous_;
      passages_.pop_back();
    }
    previous_ = first;
    passages_.push_back(
        {units_[first].begin, units_[last - 1].end, units_[first].section, tokens(first, last)});
  }

  // Where the passage after [first, last) begins.
  std::size_t overlapping(std::size_t first, std::size_t last) const {
    std::size_t next = last;
    while (next - 1 > first && !units_[next].opens_section && !units_[next - 1].opens_section &&
           tokens(next - 1, last) <= limits_.overlap_tokens &&
           tokens(next - 1, last + 1) <= limits_.max_tokens) {
      --next;
    }
    return next;
  }

  struct Quarters {
    std::size_t begin;  // before the unit
    std::size_t end;    // with it
  };
  const std::vector<TextUnit>& units_;
  const PassageLimits& limits_;
  std::vector<Quarters> quarters_;
  std::vector<Passage> passages_;
  std::size_t previous_ = 0;  // the first unit of the last passage
};

}  // namespace

std::vector<Passage> passages_of(std::string_view text, const std::vector<TextUnit>& units,
                                 const PassageLimits& limits) {
  return Packing(text, units, limits).packed();
}

}  // namespace rare::text
