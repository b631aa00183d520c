// Fields of a record that an export cannot do without. Errors are the record's: they name the
// field, what was expected and what came.
//
// Thread-safety: any thread. Views live as long as the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/row_text.h"
#include "plugins/prompt/prompt_template.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::exports {

using files::wrong_field;

// A text in UTF-8 with more than white space in it.
Result<std::string_view> text_in(const Record& record, const std::string& key);

// A list of such texts; `without` says what to do about a record that has none, behind the message.
Result<std::vector<std::string_view>> texts_in(const Record& record, const std::string& key,
                                               const std::string& without);

// A text as it is, a number as JSON writes it.
Result<std::string> label_in(const Record& record, const std::string& key);

// A list of such.
Result<std::vector<std::string>> labels_in(const Record& record, const std::string& key);

// What a template makes of the record; a field that it uses and that is neither a number nor a text
// in UTF-8 with more than white space in it, nor a list that it loops over, is an error.
Result<std::string> rendered(const prompt::PromptTemplate& form, const Json& values,
                             const Record& record);

// 16 hexadecimal digits that are a function of the text (FNV-1a, 64 bit).
std::string digest_label(std::string_view text);

}  // namespace rare::exports
