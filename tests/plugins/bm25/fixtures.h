// The files that Lucene wrote (tests/oracle/bm25): by default the checked-in ones, else those in
// the folder that RARE_BM25_FIXTURES names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rare::bm25::testing {

std::filesystem::path fixture_path(const std::string& name);

// All lines, without their ends. Throws when there is no such file.
std::vector<std::string> fixture_lines(const std::string& name);

// Pieces between `separator`s; a text without any is one piece.
std::vector<std::string> split(std::string_view text, char separator);
// Likewise, but nothing at all for an empty text.
std::vector<std::string> words(std::string_view text);

// The reverse of the fixtures' \u{HEX}.
std::string unescaped(std::string_view text);

// Whether `text` has `part` in it.
bool contains(std::string_view text, std::string_view part);

std::uint64_t from_hex(const std::string& digits);

}  // namespace rare::bm25::testing
