// Patterns of names: "encoder.layer.{i}.output" for every number.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spar::host {

/// What a pattern found in a name.
struct NameMatch {
    std::map<char, std::string> numbers;  // of {i}, {j} and {k}
    std::string rest;                     // of the name, from a dot on; empty: nothing
};

/// Nothing if the name neither is one of the pattern nor lies in it, as "fc.weight" lies in "fc".
std::optional<NameMatch> match(std::string_view pattern, std::string_view name);

/// A pattern with numbers put in.
std::string filled(std::string_view pattern, const NameMatch &match);

}  // namespace spar::host
