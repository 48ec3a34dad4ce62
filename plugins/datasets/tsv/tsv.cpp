#include "lines.hpp"

#include <spar/dataset.hpp>

#include <map>
#include <unordered_map>

namespace {

constexpr std::int64_t padding = 0, unknown = 1, first_word = 2, most_classes = 1000000;

/// Numbers of words: the most frequent first, equal ones in the order of their bytes.
class Vocabulary {
  public:
    Vocabulary() = default;
    Vocabulary(const std::vector<tsv::Line> &lines, std::int64_t min_count, std::int64_t most) {
        std::map<std::string, std::int64_t> counts;
        for (const tsv::Line &line : lines)
            for (const std::string &word : line.words) ++counts[word];
        std::vector<std::pair<std::string, std::int64_t>> order(counts.begin(), counts.end());
        std::stable_sort(order.begin(), order.end(),
                         [](const auto &a, const auto &b) { return a.second > b.second; });
        for (const auto &[word, count] : order)
            if (count >= min_count && size() < most) ids_.emplace(word, size());
    }

    /// With padding and the unknown word.
    std::int64_t size() const { return first_word + static_cast<std::int64_t>(ids_.size()); }
    std::int64_t id(const std::string &word) const {
        const auto found = ids_.find(word);
        return found == ids_.end() ? unknown : found->second;
    }

  private:
    std::unordered_map<std::string, std::int64_t> ids_;
};

class Tsv : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "tsv",
        .summary =
            "Labelled lines of text, a label, a tab or a space, and words: as token numbers "
            "with a mask, or as the set of words that occur.",
        .formula =
            "token 0 is padding, 1 an unknown word, then the words of the vocabulary file by "
            "falling frequency; longer texts are cut at max_length. As presence, value i is 1 "
            "where token i occurs, else 0",
        .example = R"({"version":1,"name":"tsv","seed":1,
 "data":{"train":{"type":"tsv","file":"train.tsv","form":"presence"},
         "test":{"type":"tsv","file":"dev.tsv","form":"presence","vocabulary_from":"train.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Path file{this, "file", "lines of a label, a tab or a space, and words"};
    spar::Path vocabulary_from{this,
                               "vocabulary_from",
                               "file whose words are counted, for a test set that of the training "
                               "set; left out, this file",
                               {.optional = true}};
    spar::Choice form{this,
                      "form",
                      "tokens, in their order and with a mask, or presence, one value 0 or 1 for "
                      "every token of the vocabulary",
                      {"tokens", "presence"},
                      {.fallback = "tokens"}};
    spar::Integer max_length{this,
                             "max_length",
                             "tokens of an example; longer texts are cut",
                             {.fallback = 64, .min = 1, .max = 65536}};
    spar::Integer min_count{
        this, "min_count", "rarer words are unknown", {.fallback = 1, .min = 1}};
    spar::Integer max_vocabulary{this,
                                 "max_vocabulary",
                                 "most tokens, padding and the unknown word included",
                                 {.fallback = 1000000, .min = 3, .max = 100000000}};
    spar::Boolean lower_case{this, "lower_case", "take A to Z as a to z", {.fallback = true}};
    spar::Integer classes{this,
                          "classes",
                          "number of classes; left out, the highest label and one",
                          {.min = 1, .max = most_classes, .optional = true}};

    spar::DatasetInfo info() override {
        if (lines_.empty()) open();
        const auto size = static_cast<std::int64_t>(lines_.size());
        if (form.is("presence"))
            return {.size = size, .shape = {vocabulary_.size()}, .outputs = outputs_};
        return {.size = size,
                .shape = {*max_length},
                .outputs = outputs_,
                .input = SPAR_INPUT_TOKENS,
                .vocabulary = vocabulary_.size()};
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        const tsv::Line &line = lines_[static_cast<std::size_t>(index)];
        const std::size_t length =
            std::min(line.words.size(), static_cast<std::size_t>(*max_length));
        std::fill(out.x.begin(), out.x.end(), 0.0F);
        std::fill(out.tokens.begin(), out.tokens.end(), padding);
        std::fill(out.mask.begin(), out.mask.end(), 0.0F);
        for (std::size_t i = 0; i < length; ++i) {
            const std::int64_t id = vocabulary_.id(line.words[i]);
            if (out.tokens.empty()) {
                out.x[static_cast<std::size_t>(id)] = 1.0F;
            } else {
                out.tokens[i] = id;
                out.mask[i] = 1.0F;
            }
        }
        *out.label = line.label;
    }

    std::vector<std::string> files() const override {
        if (!vocabulary_from.given() || *vocabulary_from == *file) return {*file};
        return {*file, *vocabulary_from};
    }

  private:
    void open() {
        const std::int64_t end = classes.value_or(most_classes);
        std::vector<tsv::Line> lines = tsv::read_lines(*file, end, *lower_case);
        vocabulary_ = vocabulary_from.given()
                          ? words_of(tsv::read_lines(*vocabulary_from, end, *lower_case))
                          : words_of(lines);
        outputs_ = classes.value_or(0);
        if (outputs_ == 0)
            for (const tsv::Line &line : lines) outputs_ = std::max(outputs_, line.label + 1);
        lines_ = std::move(lines);
    }

    Vocabulary words_of(const std::vector<tsv::Line> &lines) const {
        return {lines, *min_count, *max_vocabulary};
    }

    std::vector<tsv::Line> lines_;
    Vocabulary vocabulary_;
    std::int64_t outputs_ = 0;
};

}  // namespace

SPAR_PLUGIN("tsv", "1.0.0", Tsv)
