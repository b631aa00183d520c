#include "plugins/bm25/corpus.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "plugins/bm25/query_template.h"

namespace rare::bm25 {

Result<SearchHits> Corpus::search(const SearchRequest& request, SearchScratch& scratch) const {
  if (request.k < 1) {
    return Status(StatusCode::invalid_argument,
                  "expected a search for 1 hit or more, got k = " + std::to_string(request.k));
  }
  SearchHits reply;
  for (const ScoredDocument& hit : index_.search(analyzer_->terms_of(request.query),
                                                 static_cast<std::size_t>(request.k), scratch)) {
    reply.hits.emplace_back(hit.document, hit.score, texts_[hit.document]);
  }
  return reply;
}

Result<std::unique_ptr<Corpus>> build_corpus(RecordStream& records, const CorpusSettings& settings,
                                             const std::function<bool()>& stopped,
                                             BuildProgress& progress) {
  std::unique_ptr<const Analyzer> analyzer = make_analyzer(settings.analyzer);
  IndexBuilder builder(settings.parameters);
  std::vector<std::string> texts;
  std::vector<std::string> terms;
  while (true) {
    if (stopped()) return Status::cancelled();
    Result<std::optional<Record>> next = records.next();
    if (!next) return next.status();
    if (!next->has_value()) break;
    if (texts.size() == std::numeric_limits<std::uint32_t>::max()) {
      return Status(StatusCode::resource_exhausted, "the corpus has more than 2^32 - 1 records");
    }
    const auto ordinal = static_cast<std::uint32_t>(texts.size());
    texts.emplace_back();
    if (const Result<std::string_view> text = text_field(**next, settings.field)) {
      texts.back() = *text;
      terms.clear();
      analyzer->analyze(texts.back(), terms);
      builder.add(ordinal, terms);
    } else {
      ++progress.skipped;
    }
    ++progress.records;
  }
  if (progress.records > 0 && progress.skipped == progress.records) {
    return Status(StatusCode::invalid_data, "none of its " + std::to_string(progress.records) +
                                                " records has text in the field `" +
                                                settings.field +
                                                "`; `field` names the field that holds the text");
  }
  return std::make_unique<Corpus>(std::move(analyzer), std::move(builder).build(),
                                  std::move(texts));
}

}  // namespace rare::bm25
