#include "record_codec.h"

#include "basic_fixture.h"

namespace rare::basic {

TEST_CASE("a record comes back with its fields and its identity") {
  RecordCodec codec;
  const auto prefix = std::make_shared<const std::string>("extra");
  const RecordId plain(0, nullptr, 18446744073709551615ULL);
  const RecordId deep = RecordId(2, prefix, 7).child({1, 0, true}).child({0, 3, false});
  const Json fields = {{"int", -9007199254740993},
                       {"unsigned", 18446744073709551615ULL},
                       {"double", 0.1},
                       {"tiny", 5e-324},
                       {"whole", 1.0},
                       {"text", std::string("\u4e2d\0x", 5)},
                       {"broken", "\xff\xfe"},
                       {"list", {nullptr, true, Json::array(), Json::object()}}};
  const std::string first = codec.encode(Record(fields, plain));
  const std::string second = codec.encode(Record(Json::object(), deep));

  Result<Record> one = codec.decode(first);
  REQUIRE(one.ok());
  CHECK(one->fields() == fields);
  CHECK(one->fields()["whole"].is_number_float());
  CHECK(one->id().to_string() == "18446744073709551615");
  Result<Record> two = codec.decode(second);
  REQUIRE(two.ok());
  CHECK(two->fields() == Json::object());
  CHECK(two->id().to_string() == "extra:7.1");
  CHECK(two->id().source() == 2);
  CHECK(two->id().path() == deep.path());
}

TEST_CASE("damaged bytes are a fault of the run") {
  RecordCodec codec;
  std::string bytes = codec.encode(record({{"text", "something"}}));
  bytes.resize(bytes.size() - 4);
  const Result<Record> damaged = codec.decode(bytes);
  REQUIRE_FALSE(damaged.ok());
  CHECK(damaged.status().fault() == Fault::run);
  CHECK(damaged.status().message().find("a record kept on disk is damaged: ") == 0);
  CHECK_FALSE(codec.decode("").ok());
}

}  // namespace rare::basic
