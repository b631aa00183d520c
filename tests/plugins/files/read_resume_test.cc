#include "catch.h"
#include "resume_check.h"

using rare::Json;
using rare::Position;
using rare::StatusCode;
using namespace rare::files::test;

TEST_CASE("reading goes on at every record boundary of several files") {
  const Folder folder;
  check_every_boundary({
      folder.write("a.jsonl", "\xef\xbb\xbf{\"n\":1}\r\n\n{\"n\":2}\nbroken\n\n{\"n\":3}\n\n"),
      folder.write("empty.jsonl", ""),
      folder.write("b.json", "\xef\xbb\xbf[{\"n\":4},\n 17,,{\"n\"\n:5}, {\"n\" 6}\n]\n"),
      folder.write("c.json", " {\"n\":7} "),
      folder.write("none.json", " [ ] "),
      folder.write("d.jsonl", "[]\n{\"n\":8}"),
  });
}

TEST_CASE("reading goes on at every boundary of a broken array, and fails alike") {
  const Folder folder;
  check_every_boundary({folder.write("cut.json", "[{\"n\":1},\n{\"n\":2},{\"n\":")});
  check_every_boundary({folder.write("open.json", "[{\"n\":1},\n{\"n\":2}")});
  check_every_boundary({folder.write("comma.json", "[{\"n\":1},\n{\"n\":2},")});
  check_every_boundary({folder.write("mixed.json", "[{\"n\":1},\n{\"n\":2],{\"n\":3}]")});
  check_every_boundary({folder.write("lines.json", "{\"n\":1}\n{\"n\":2}\n")});
}

TEST_CASE("a position tells file, byte, line and ordinal") {
  const Folder folder;
  const std::vector<std::string> paths{folder.write("a.jsonl", "{\"n\":1}\n"),
                                       folder.write("b.jsonl", "{\"n\":2}\n\nx\n{\"n\":3}\n")};
  const Json token = position_after(paths, 3).token;
  CHECK(token["file"] == 1);
  CHECK(token["offset"] == 11);
  CHECK(token["line"] == 4);
  CHECK(token["ordinal"] == 2);
}

TEST_CASE("a position that cannot be is refused, and says what to do") {
  const Folder folder;
  const std::string path = folder.write("a.jsonl", "{\"n\":1}\n");
  Json token = position_after({path}, 1).token;
  const auto opened = [&path](const Json& at) {
    return source_of({path})->open(resume_context(), Position{at});
  };
  CHECK(opened(token).ok());
  token["offset"] = 9;
  CHECK(opened(token).code() == StatusCode::invalid_argument);
  CHECK(
      contains(opened(token).message(), "a.jsonl: the earlier start had read more than is there"));
  token["offset"] = 8;
  token["file"] = 1;
  CHECK(contains(opened(token).message(), "--fresh"));
  CHECK(contains(opened(Json::array()).message(), "--fresh"));
}

TEST_CASE("what is appended while a source is open belongs to the next start") {
  const Folder folder;
  const std::string path = folder.write("a.jsonl", "{\"n\":1}\n");
  const auto source = source_of({path});
  REQUIRE(source->open(resume_context(), std::nullopt).ok());
  std::ofstream(path, std::ios::app) << "{\"n\":2}\n";
  CHECK(read_all(*source).sequence.size() == 1);
  CHECK(rest_from({path}, source->position()).sequence == std::vector<std::string>{"{\"n\":2}"});
}
