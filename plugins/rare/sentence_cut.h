// Shortens a long text for a prompt. Sentences end with . ! ? before a space, with a full-width
// stop, or with a line's end.
#pragma once

#include <cstddef>
#include <string_view>

namespace rare::distill {

// Code points in UTF-8 text.
std::size_t count_characters(std::string_view text);

// The longest beginning of `text` of at most `max_characters` code points that ends with a
// sentence; where the second half of that beginning holds no sentence's end, one that ends with a
// word; where it holds no space either, one that ends with a code point. A text that fits is
// returned whole.
std::string_view cut_at_sentence(std::string_view text, std::size_t max_characters);

// The same for a limit in tokens, estimated as plugins/tokens does.
std::string_view cut_at_sentence_by_tokens(std::string_view text, std::size_t max_tokens);

}  // namespace rare::distill
