#include "chunk.h"

#include <utility>

#include "text_blocks.h"

namespace rare::text {

namespace {

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace

Spec Chunk::spec() {
  Spec spec("text.chunk");
  spec.summary("Makes passages of a long document: one record for each.")
      .description(
          "A passage is a stretch of the document, of whole sentences as far as they fit; a "
          "sentence that is too long by itself is parted between words. Paragraphs of Markdown, "
          "list items, tables and code keep their marks; each heading begins a passage, unless the "
          "one before it is shorter than `min_tokens`; YAML front matter is left out. Lengths are "
          "in tokens, estimated as four bytes, or one Chinese, Japanese or Korean character, a "
          "token. Each record has the document's other fields, the passage in place of the text, "
          "and where it comes from, under `output_chunk_key`: {document (its id), index, count, "
          "start, end (characters of the document's text, from 0), tokens, headings (from the "
          "outermost)}. A text without anything in it is filtered.");
  using This = Chunk;
  spec.param(&This::input_key_, "input_key", "text", "Field with the document.");
  spec.reads_param("input_key");
  spec.param(&This::output_key_, "output_key", "text",
             "Field for the passage. The document's field is gone in any case.");
  spec.writes_param("output_key");
  spec.param(&This::output_chunk_key_, "output_chunk_key", "chunk",
             "Field for where the passage comes from; empty: none.");
  spec.writes_param("output_chunk_key");
  spec.param(&This::id_key_, "id_key", "id",
             "Field with the document's id, where it has one: a passage has ID#INDEX there. Empty: "
             "no field is touched.");
  spec.param(&This::format_, "format", "plain", "How the document is read.")
      .choices({"plain", "markdown"});
  spec.param(
      &This::language_, "language", "en",
      "Whose abbreviations end no sentence, as a tag such as en or de; full stops of Chinese "
      "and other writing end sentences with any.");
  spec.param(&This::max_tokens_, "max_tokens", 256, "Longest passage.")
      .range(1, 1000000)
      .unit("tokens");
  spec.param(
          &This::min_tokens_, "min_tokens", 32,
          "A shorter passage goes on past a heading, and a shorter last one joins the one before "
          "where both fit.")
      .range(0, 1000000)
      .unit("tokens");
  spec.param(&This::overlap_tokens_, "overlap_tokens", 0,
             "How much of a passage's end the next one begins with: whole sentences, and nothing "
             "across a heading.")
      .range(0, 1000000)
      .unit("tokens");
  spec.param(&This::overwrite_, "overwrite", false,
             "Replace output fields that the record already has, instead of stopping the run.");
  return spec;
}

Status Chunk::open(Context& context) {
  node_ = context.name();
  if (output_key_.empty()) {
    return configuration_error("output_key is empty; expected the name of a field");
  }
  if (output_key_ == output_chunk_key_ || (!id_key_.empty() && id_key_ == output_chunk_key_)) {
    return configuration_error("output_chunk_key names the field \"" + output_chunk_key_ +
                               "\", which another parameter names; give it another name");
  }
  if (min_tokens_ > max_tokens_ || overlap_tokens_ >= max_tokens_) {
    return configuration_error("max_tokens is " + std::to_string(max_tokens_) + ", min_tokens " +
                               std::to_string(min_tokens_) + " and overlap_tokens " +
                               std::to_string(overlap_tokens_) +
                               "; expected a min_tokens that is no more and an overlap_tokens that "
                               "is less");
  }
  Result<UnitFinder> finder = UnitFinder::for_language(language_);
  if (!finder.ok()) return configuration_error(finder.status().message());
  finder_.emplace(std::move(*finder));
  return Status();
}

Status Chunk::check(const Record& record) const {
  const Json* document = record.find(input_key_);
  if (document == nullptr) return record_error("the record has no field \"" + input_key_ + "\"");
  if (!document->is_string()) {
    return record_error("field \"" + input_key_ + "\" must be text, not " + document->type_name());
  }
  const std::string taken = output_key_ != input_key_ && record.has(output_key_) ? output_key_
                            : !output_chunk_key_.empty() && record.has(output_chunk_key_)
                                ? output_chunk_key_
                                : "";
  if (overwrite_ || taken.empty()) return Status();
  return configuration_error("record " + record.id().described() + " already has the field \"" +
                             taken + "\"; name another one in " +
                             (taken == output_key_ ? "output_key" : "output_chunk_key") +
                             ", or set overwrite: true to replace it");
}

Status Chunk::process(Record record, Output& out) {
  Status fit = check(record);
  if (!fit.ok()) return fit;
  // Out of the record first, so that its copies do not carry the whole document.
  const Json document = std::move(record.mutable_fields()[input_key_]);
  record.erase(input_key_);
  const std::string_view text = document.get_ref<const std::string&>();
  const auto blocks = format_ == "markdown" ? markdown_blocks(text) : plain_blocks(text);
  const TextUnits found = finder_->find(text, blocks, static_cast<std::size_t>(max_tokens_));
  if (found.units.empty()) return out.filter("'" + input_key_ + "' holds no text");
  const PassageLimits limits{static_cast<std::size_t>(max_tokens_),
                             static_cast<std::size_t>(min_tokens_),
                             static_cast<std::size_t>(overlap_tokens_)};
  return emit_passages(text, found, passages_of(text, found.units, limits), record, out);
}

Status Chunk::emit_passages(std::string_view text, const TextUnits& found,
                            const std::vector<Passage>& passages, const Record& rest,
                            Output& out) const {
  const Json* own = id_key_.empty() ? nullptr : rest.find(id_key_);
  const Json id = own == nullptr || own->is_null() ? Json(rest.id().to_string()) : *own;
  const std::string id_text = id.is_string() ? id.get<std::string>() : id.dump();
  std::size_t counted_to = 0;  // bytes, and
  std::size_t characters = 0;  // what they hold
  for (std::size_t index = 0; index < passages.size(); ++index) {
    const Passage& passage = passages[index];
    const std::string_view part = text.substr(passage.begin, passage.end - passage.begin);
    characters += count_code_points(text.substr(counted_to, passage.begin - counted_to));
    counted_to = passage.begin;  // the next one begins no earlier
    Record one = rest;
    one[output_key_] = part;
    if (own != nullptr) one[id_key_] = id_text + "#" + std::to_string(index);
    if (!output_chunk_key_.empty()) {
      one[output_chunk_key_] = {{"document", id},
                                {"index", index},
                                {"count", passages.size()},
                                {"start", characters},
                                {"end", characters + count_code_points(part)},
                                {"tokens", passage.tokens},
                                {"headings", found.headings[passage.section]}};
    }
    Status emitted = out.emit(std::move(one));
    if (!emitted.ok()) return emitted;
  }
  return Status();
}

Status Chunk::configuration_error(const std::string& message) const {
  return Status::run_fault(StatusCode::invalid_argument, node_ + ": " + message);
}

Status Chunk::record_error(const std::string& message) const {
  return Status(StatusCode::invalid_data, node_ + ": " + message);
}

}  // namespace rare::text
