// What the nodes of random graphs are made of: operators that behave in every way that an operator
// can behave, decided by the record alone, so that a plain walk over the plan knows what comes out.
//
// Each record carries a field `h`, which every node changes by its `salt`: a row tells which way it
// took. A behaviour shows in records with h % by == 0 (after the change); all others pass.
#pragma once

#include "engine/plugin/registry.h"

namespace rare::engine::test {

// graph.act    operator: `does` one of
//                pass      passes on
//                filter    filters
//                fail      changes the record, then returns an error with evidence and attempts
//                throw     throws: an exception, or a number
//                several   every record: emits h % (by + 1) children; none of them is filtered
//                silent    returns OK without a word
//                torn      emits, then returns an error
//                twice     emits the record twice
//                astray    emits to a port that it has not: and hands the error on, or ignores it
//                contrary  filters and emits
//                keep      keeps the record beyond the call and changes it later; passes on a copy,
//                          or returns without a word
// graph.route  operator: ports a, b, c by h % 3; where h % by == 0 to the next port, too
// graph.wait   async operator: as graph.act, with `asks` questions to a test.echo before it, or
//              after it (`early`)
void add_random_graph_components(Registry& registry);

}  // namespace rare::engine::test
