// What the numbers of a data set mean: the word of a token, the class of an output, the box of the
// values. Weights are good for data of the same meaning alone, so it travels with them.
#pragma once

#include "engine/data.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

/// Texts are escaped: of what is no UTF-8, bytes stand as \xNN.
struct Meaning {
    std::optional<std::pair<double, double>> box;  /// none for text
    std::vector<std::string> classes;              /// names; empty where the data has none
    std::vector<std::string> tokens;               /// likewise
};

Meaning meaning_of(const Data &data);

/// The first thing that differs, in words that call the two by `ours` and `theirs`; empty where
/// nothing does. What one side does not say is not compared, nor are classes that one side lacks.
std::string difference(const Meaning &a, const std::string &ours, const Meaning &b,
                       const std::string &theirs);

/// As text for the metadata of a safetensors file, and back. Other keys are passed over; throws
/// std::runtime_error where one of these is not what it should be.
std::map<std::string, std::string> to_metadata(const Meaning &meaning);
Meaning meaning_from(const std::map<std::string, std::string> &metadata);

}  // namespace spar::host
