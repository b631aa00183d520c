// What is to go wrong: lines of the file that RARE_FAULT_RULES names, which may change at any time.
//
//   full TEXT BYTES    files whose path holds TEXT cannot grow beyond BYTES
//   readonly TEXT      nothing whose path holds TEXT can be changed
//   lie TEXT           files whose path holds TEXT are said to be synced, and are not
//   nolinks TEXT       nothing whose path holds TEXT can be given a second name
//   die TEXT COUNT     the process is killed instead of making, renaming or removing a name that
//                      holds TEXT for the COUNT-th time
//   clock SECONDS      the time of day is as much later, or with a minus earlier
//
// Thread-safe. Allocates nothing and calls no function that this library replaces.
#pragma once

#include <cstdint>
#include <string_view>

namespace rare::faults {

// How far a file may reach; the largest number when no rule is about it.
std::uint64_t size_limit(std::string_view path);
bool read_only(std::string_view path);
bool lies_about(std::string_view path);
bool refuses_links(std::string_view path);
// Whether the process is to die now that it is about to make, rename or remove this name: asked
// once for each time.
bool dies_at(std::string_view path);
std::int64_t clock_offset_s();

}  // namespace rare::faults
