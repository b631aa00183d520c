// Whether a question can be understood by somebody who does not have the text it was made from.
#pragma once

#include <string>
#include <string_view>

namespace rare::phrases {

// The first phrase of `text` that speaks of a passage, an author, a figure, a list that its reader
// does not have ("according to the passage", 文中提到), in English and in Chinese; empty: it stands
// alone. `situation` is what the reader has been told besides: an article or an author that it
// introduces may be spoken of. Other languages have no such phrases here and always stand alone.
std::string leaning_phrase(std::string_view text, std::string_view situation = {});

}  // namespace rare::phrases
