#include "run/text_pairs.hpp"

#include "base/files.hpp"

#include <spar/edits.hpp>
#include <spar/math.hpp>

#include <fmt/format.h>
#include <cmath>

namespace spar::host {
namespace {

constexpr const char *header =
    "\"original_text\",\"perturbed_text\",\"original_score\",\"perturbed_score\","
    "\"original_output\",\"perturbed_output\",\"ground_truth_output\",\"num_queries\","
    "\"result_type\"\n";

/// Quoted as RFC 4180 demands. The separator of pairs, which many readers refuse, is written as in
/// TextAttack's files.
std::string quoted(const std::string &text) {
    std::string field = "\"";
    for (const char c : text) {
        if (c == SPAR_TEXT_SEPARATOR[0])
            field += "<SPLIT>";
        else
            field += c == '"' ? "\"\"" : std::string(1, c);
    }
    return field + "\"";
}

/// The text with marks around some of its words.
std::string marked(const std::string &text, const std::vector<WordSpan> &words,
                   const std::vector<bool> &which) {
    std::string all;
    std::size_t end = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        all += text.substr(end, words[i].begin - end);
        const auto word = std::string(words[i].of(text));
        all += which[i] ? "[[" + word + "]]" : word;
        end = words[i].end;
    }
    return all + text.substr(end);
}

}  // namespace

double score_of(std::span<const float> outputs, std::int64_t own, bool targeted) {
    const double p =
        std::exp(double{outputs[static_cast<std::size_t>(own)]} - log_sum_exp(outputs));
    return targeted ? p : 1 - p;
}

std::string csv_line(const TextPair &pair, const Tokenizer &tokenizer) {
    const std::vector<WordSpan> before = tokenizer.words(pair.original),
                                after = tokenizer.words(pair.perturbed);
    WordList a, b;
    for (const WordSpan &word : before) a.push_back(word.of(pair.original));
    for (const WordSpan &word : after) b.push_back(word.of(pair.perturbed));
    const EditedWords which = which_words(a, b);
    return fmt::format("{},{},{},{},{},{},{},{},\"{}\"\n",
                       quoted(marked(pair.original, before, which.of_a)),
                       quoted(marked(pair.perturbed, after, which.of_b)), pair.original_score,
                       pair.perturbed_score, pair.original_output, pair.perturbed_output,
                       pair.truth, pair.queries, pair.result);
}

void write_text_pairs(const std::filesystem::path &file, const Data &data,
                      const EvaluationOutcome &outcome, const AttackOutcome &found,
                      std::int64_t attack, const ExamplesLog &log, const Matrix &clean_outputs) {
    std::string text = header;
    for (std::size_t i = 0; i < outcome.indices.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        const std::span<const float> outputs = clean_outputs[row];
        const std::int64_t target = found.targets[i], label = outcome.labels[i];
        TextPair pair{};
        pair.original = pair.perturbed = data.text(outcome.indices[i]);
        pair.original_output = pair.perturbed_output = argmax(outputs);
        pair.original_score = pair.perturbed_score =
            score_of(outputs, target >= 0 ? target : label, target >= 0);
        pair.truth = label;
        pair.result = "Skipped";
        if (const ExampleResult *result = log.find(attack, row)) {
            const Json kept = log.text_of(attack, row);
            pair.perturbed = kept.at("text").get<std::string>();
            pair.perturbed_output = kept.at("output").get<std::int64_t>();
            pair.perturbed_score = kept.at("score").get<double>();
            pair.queries = result->forward;
            pair.result = result->broken != 0 ? "Successful" : "Failed";
        }
        text += csv_line(pair, *data.tokenizer());
    }
    write_file(file, text);
}

}  // namespace spar::host
