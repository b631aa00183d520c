// embeddings.embed: an operator that adds a text's vector.
#pragma once

#include <rare/sdk.h>

#include <string>
#include <utility>

#include "http_embeddings.h"

namespace embeddings {

class Embed final : public rare::AsyncOperator {
 public:
  static rare::Spec spec() {
    return rare::Spec("embeddings.embed")
        .summary("Adds the embedding of a text.")
        .service(&Embed::service_, "embeddings", "The service that embeds.")
        .param(&Embed::field_, "field", "text", "Field with the text.")
        .reads_param("field")
        .param(&Embed::output_, "output", "embedding", "Field for the vector, a list of numbers.")
        .writes_param("output")
        .nondeterministic();  // asked again, an endpoint may answer otherwise: replies are kept
  }

  rare::Task<rare::Status> process(rare::Record record, rare::Output& out) override {
    const rare::Json* text = record.find(field_);
    if (text == nullptr || !text->is_string()) {
      co_return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
    }
    std::string words = text->get<std::string>();
    rare::Result<Embeddings::Vector> vector = co_await service_->embed(std::move(words));
    if (!vector) co_return vector.status();
    record[output_] = std::move(*vector);
    co_return out.emit(std::move(record));
  }

 private:
  Embeddings* service_ = nullptr;
  std::string field_, output_;
};

}  // namespace embeddings
