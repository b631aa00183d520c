#include "plugins/bm25/reference_score.h"

#include <cmath>

#include "plugins/bm25/shortest_float.h"

namespace rare::bm25 {

ReferenceScore::ReferenceScore(Bm25Parameters parameters, std::uint64_t documents,
                               std::uint64_t terms)
    : k1_(shortest_double(parameters.k1)),
      b_(shortest_double(parameters.b)),
      documents_(static_cast<double>(documents)),
      average_(documents == 0 || terms == 0 ? 1 : static_cast<double>(terms) / documents_) {}

double ReferenceScore::inverse_document_frequency(std::uint64_t documents_with_term) const {
  const auto with_term = static_cast<double>(documents_with_term);
  return std::log(1 + (documents_ - with_term + 0.5) / (with_term + 0.5));
}

}  // namespace rare::bm25
