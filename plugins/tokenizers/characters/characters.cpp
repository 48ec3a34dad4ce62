#include "../common/learned.hpp"

namespace {

using tokenizers::WordSpan;

class Characters : public tokenizers::Learned {
  public:
    static constexpr spar::About about{
        .type = "characters",
        .summary = "Every character, a code point of Unicode, is a token.",
        .formula =
            "token 0 is <padding>, 1 <unknown>, any character outside the vocabulary, 2 "
            "<separator>, between the texts of a pair; then the characters by falling "
            "frequency, equally frequent ones in the order of their bytes. White space "
            "between words is one space, which belongs to the word after it",
        .example = R"({"version":2,"name":"characters","seed":1,
 "data":{"tokenizer":{"type":"characters"},"max_length":64,
         "train":{"type":"text","file":"train.tsv"},
         "test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5,"space":"embedding"},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgm"}]}})",
    };

  private:
    std::vector<Unit> units(std::string_view text) const override {
        std::vector<Unit> all;
        std::int32_t count = 0;
        std::size_t end = text.size();  // of the word before; nothing precedes the first
        tokenizers::split(
            text, punctuation.is("apart"),
            [&](WordSpan word) {
                if (word.begin > end) all.push_back({" ", count});
                const std::string lowered =
                    *lower_case ? tokenizers::lower_case(word.of(text)) : "";
                const std::string_view whole = *lower_case ? lowered : word.of(text);
                for (std::size_t place = 0; place < whole.size();) {
                    const std::size_t begin = place;
                    tokenizers::next_code(whole, place);
                    all.push_back({std::string(whole.substr(begin, place - begin)), count});
                }
                ++count;
                end = word.end;
            },
            [&] {
                all.push_back({"", -1});
                end = text.size();
            });
        return all;
    }
    std::string_view between() const override { return ""; }
};

}  // namespace

SPAR_PLUGIN("characters", "1.0.0", Characters)
