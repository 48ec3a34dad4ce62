// What the numbers of a data set mean: the word of a token, the class of an output, the box of the
// values. Weights are valid only for data of the same meaning, so it is saved with them.
#pragma once

#include "engine/data.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

/// Texts are escaped: bytes that are not UTF-8 are written as \xNN.
struct Meaning {
    std::optional<std::pair<double, double>> box;  /// none for text
    std::vector<std::string> classes;              /// names; empty if the data has none
    std::vector<std::string> tokens;               /// likewise
    std::optional<TokenizerState> tokenizer;       /// that made tokens of texts
};

Meaning meaning_of(const Data &data);

/// The first difference in words, naming the two sides by `ours` and `theirs`; empty if there is
/// none. What one side does not state is not compared, nor are classes that one side lacks.
std::string difference(const Meaning &a, const std::string &ours, const Meaning &b,
                       const std::string &theirs);

/// As text for the metadata of a safetensors file, and back. Other keys are ignored; throws
/// std::runtime_error if one of these is malformed.
std::map<std::string, std::string> to_metadata(const Meaning &meaning);
Meaning meaning_from(const std::map<std::string, std::string> &metadata);

/// Where files keep the tokenizer, and as what; empty if there is none.
inline constexpr const char *tokenizer_key = "spar.tokenizer";
std::string tokenizer_text(const Meaning &meaning);
/// Throws std::runtime_error if it is malformed or damaged.
std::optional<TokenizerState> tokenizer_from(const std::map<std::string, std::string> &metadata);

}  // namespace spar::host
