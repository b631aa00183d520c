// Whether a model declined to answer, in English and in Chinese.
#pragma once

#include <string>
#include <string_view>

namespace rare::distill {

// The words by which the beginning of `reply` declines ("I'm sorry, but I can't help with that",
// 抱歉，我无法回答); empty: it does not. Only the first sentences are looked at: further down
// somebody in the text may be sorry.
std::string refusal_phrase(std::string_view reply);

}  // namespace rare::distill
