#include "plugins/look/report_page.h"

#include <string>

#include "catch.h"
#include "plugins/look/report_data.h"

namespace rare::look {
namespace {

TEST_CASE("nothing in the data ends the script that holds it") {
  const Json data = {
      {"a", "</script><script>alert(1)</script><!-- &amp; \xe2\x80\xa8 \xe2\x80\xa9 \xff"}};
  const std::string safe = json_for_script(data);
  for (const char* evil : {"<", ">", "&", "\xe2\x80\xa8", "\xe2\x80\xa9"}) {
    INFO(evil);
    CHECK(safe.find(evil) == std::string::npos);
  }
  const Json back = Json::parse(safe);
  CHECK(back["a"] ==
        "</script><script>alert(1)</script><!-- &amp; \xe2\x80\xa8 \xe2\x80\xa9 \xef\xbf\xbd");
}

TEST_CASE("the page is one file that names no other") {
  const std::string page = report_page({{"title", "t"}});
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.find("src=") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  CHECK(page.find("url(") == std::string::npos);
  CHECK(page.find("Leon Sorokin") != std::string::npos);  // the charts' licence
  CHECK(page.find("{\"title\":\"t\"}") != std::string::npos);
  CHECK(page.size() < 120'000);
}

TEST_CASE("what is shown of a record is bounded, and says what was cut") {
  Json record = {{"text", std::string(10'000'000, 'x')}, {"n", 7}};
  for (int i = 0; i < 1000; ++i) record["list"].push_back("item " + std::to_string(i));
  const Json shown = shortened(record, 1000, 20'000);
  CHECK(shown.dump().size() < 30'000);
  CHECK(shown["text"].get<std::string>().ends_with("[cut: the first 1000 of 10000000 bytes]"));
  const Json less = shortened(record, 1000, 4000);
  CHECK(less.dump().size() < 12'000);
  CHECK(less["list"].back().get<std::string>().starts_with("[cut: "));
  CHECK(shortened({{"a", "b"}, {"c", {1, 2}}}, 100, 1000) == Json({{"a", "b"}, {"c", {1, 2}}}));
  CHECK(shortened("猫は", 4, 100) == "猫 [cut: the first 3 of 6 bytes]");
  Json deep = 1;
  for (int i = 0; i < 100; ++i) deep = Json::array({deep});
  CHECK(shortened(deep, 100, 100).dump().find("[cut: nested deeper]") != std::string::npos);
}

}  // namespace
}  // namespace rare::look
