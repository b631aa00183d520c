// The page of a report: one HTML file that needs nothing beside it.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::look {

// `data` stands in it as JSON in which no character can end the script that holds it; the page's
// own script shows it as text, never as markup. Bytes that are not UTF-8 become U+FFFD.
std::string report_page(const Json& data);

// JSON that may stand inside an HTML script element.
std::string json_for_script(const Json& data);

}  // namespace rare::look
