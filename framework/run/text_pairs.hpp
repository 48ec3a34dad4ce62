// adversarial/*.csv: texts before and after an attack, in the columns of TextAttack's CSV log.
#pragma once

#include "run/evaluate.hpp"

namespace spar::host {

/// What an attacked text came to, besides its ExampleResult; kept in the log as JSON.
struct AttackedText {
    std::string text;
    std::int64_t output = 0;  /// the class that the model sees in it
    double score = 0;         /// 1 - p(label), or with a target p(target)

    Json json() const { return {{"text", text}, {"output", output}, {"score", score}}; }
};

/// 1 - p(label), or with a target p(target), from a model's outputs.
double score_of(std::span<const float> outputs, std::int64_t own, bool targeted);

/// One line of the file: what was found on one example. Words that changed are put in [[ ]].
struct TextPair {
    std::string original, perturbed;
    double original_score, perturbed_score;
    std::int64_t original_output, perturbed_output, truth, queries;
    const char *result;  /// "Successful", "Failed", "Skipped"
};
std::string csv_line(const TextPair &pair, const Tokenizer &tokenizer);

/// Writes the file of a finished attack from the log, where every attacked text is.
void write_text_pairs(const std::filesystem::path &file, const Data &data,
                      const EvaluationOutcome &outcome, const AttackOutcome &found,
                      std::int64_t attack, const ExamplesLog &log, const Matrix &clean_outputs);

}  // namespace spar::host
