// What libstemmer makes of words: it does not tell its version, and another one may give other
// stems.
#pragma once

#include <string>
#include <string_view>

namespace rare::bm25 {

// 8 lower-case hex digits of a digest of the stems that the language's stemmer gives for some ten
// thousand made-up words: each ending of two letters of the language's writing (of which one
// at most has an accent), and each of three plain Latin ones. Versions of libstemmer that treat a
// shorter ending differently have another digest; a difference in longer endings alone may pass
// unseen. Takes some ms the first time. Any thread. Throws std::runtime_error where there is no
// such stemmer.
std::string stem_digest(std::string_view language);

}  // namespace rare::bm25
