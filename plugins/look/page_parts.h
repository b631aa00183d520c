// What a report's page is made of, from page/ and third_party/.
#pragma once

#include <string_view>

namespace rare::look {

extern const std::string_view kPageBody, kPageStyle, kPageScript;
extern const std::string_view kChartScript, kChartStyle, kChartLicence;

}  // namespace rare::look
