#include "report_page.h"

#include <string_view>

#include "page_parts.h"

namespace rare::look {

std::string json_for_script(const Json& data) {
  const std::string json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(json.size() + json.size() / 16);
  for (std::size_t at = 0; at < json.size(); ++at) {
    const std::string_view rest = std::string_view(json).substr(at);
    // Line ends to JavaScript, but not to JSON.
    if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      safe += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      at += 2;
    } else if (json[at] == '<') {
      safe += "\\u003c";
    } else if (json[at] == '>') {
      safe += "\\u003e";
    } else if (json[at] == '&') {
      safe += "\\u0026";
    } else {
      safe += json[at];
    }
  }
  return safe;
}

std::string report_page(const Json& data) {
  const auto append = [](std::string& page, std::string_view part) { page.append(part); };
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // Nothing is loaded and nothing is sent, whatever a record holds.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n"
      "<title>rare-engine report</title>\n<!-- uPlot, which draws the charts:\n";
  append(page, kChartLicence);
  append(page, "-->\n<style>\n");
  append(page, kChartStyle);
  append(page, "\n");
  append(page, kPageStyle);
  append(page, "</style>\n</head>\n");
  append(page, kPageBody);
  append(page, "<script type=\"application/json\" id=\"data\">");
  page += json_for_script(data);
  append(page, "</script>\n<script>\n");
  append(page, kChartScript);
  append(page, "\n</script>\n<script>\n");
  append(page, kPageScript);
  append(page, "</script>\n</body>\n</html>\n");
  return page;
}

}  // namespace rare::look
