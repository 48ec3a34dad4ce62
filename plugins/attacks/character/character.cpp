#include "../common/stop_words.hpp"
#include "../common/vocabulary.hpp"
#include "misspell.hpp"

#include <spar/kit/victim.hpp>

namespace {

using spar::Victim;
using Answers = std::vector<Victim::Answer>;

class Character final : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "character",
        .summary =
            "Misspells words of a text, the ones that matter most first: swaps, "
            "substitutes, deletes or inserts a letter, until the model errs.",
        .formula =
            "words by what the model's probability p of the right class loses with them: "
            "head, p(w_1..w_i) - p(w_1..w_i-1); tail, p(w_i..w_n) - p(w_i+1..w_n); combined, head "
            "+ tail_weight tail; replace, p(x) - p(x with w_i unknown). Of the edits of a word the "
            "one with the least p is kept, if it lowers p",
        .reference =
            "Gao, Lanchantin, Soffa, Qi 2018, Black-box generation of adversarial text sequences "
            "to evade deep learning classifiers, arXiv:1801.04354 (DeepWordBug, which edits all "
            "words in one way and unconditionally)",
        .example = R"({"version":2,"name":"character","seed":1,
 "data":{"tokenizer":{"type":"words"},"max_length":16,
         "train":{"type":"text","file":"train.tsv"},"test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"space":"tokens","norm":"l0","eps":2},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"character"}]}})",
    };

    spar::Choice edit{this,
                      "edit",
                      "of a word: swap, two neighbouring letters; substitute, a letter by another; "
                      "delete, a letter; insert, a letter; all: the best of the four",
                      {"all", "swap", "substitute", "delete", "insert"},
                      {.fallback = "all"}};
    spar::Choice order{this,
                       "order",
                       "of the words, by their importance",
                       {"combined", "head", "tail", "replace"},
                       {.fallback = "combined"}};
    spar::Number tail_weight{
        this, "tail_weight", "of the tail in \"combined\"", {.fallback = 1, .min = 0}};
    attacks::StopWords stop_words{this};

    void configure() override { stop_words.read(); }
    spar::Fit fit() const override { return spar::Fit::texts(); }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        attacks::for_each_example(batch, [&](std::int64_t row) {
            Victim victim(oracle, batch, row);
            const Answers clean = victim.ask(victim.clean());
            if (clean.empty() || clean[0].reached || victim.limit() < 1) return;
            search(victim, clean[0].score);
        });
    }

  private:
    void search(Victim &victim, double score) const {
        spar::WordedText text = victim.words();
        for (const std::size_t at : by_importance(victim, text)) {
            std::vector<std::string> words, texts;
            for (const misspell::Edit how : misspell::all) {
                if (!edit.is("all") && !edit.is(misspell::name(how))) continue;
                const auto draw = static_cast<std::uint32_t>(at);
                const std::string word = misspell::edited(text[at], how, victim.random(draw));
                std::string with = text.with(at, word);
                if (word == text[at] || !victim.allowed(with)) continue;
                words.push_back(word);
                texts.push_back(std::move(with));
            }
            const Answers answers = victim.ask(texts);
            if (answers.empty()) continue;
            std::size_t best = 0;
            for (std::size_t i = 1; i < answers.size(); ++i)
                if (answers[i].score > answers[best].score) best = i;
            if (!answers[best].reached && !(answers[best].score > score)) continue;
            text.set(at, words[best]);
            score = answers[best].score;
            victim.propose(texts[best]);
            if (answers[best].reached) return;
        }
    }

    /// The words that the model sees and that may change, the most important first.
    std::vector<std::size_t> by_importance(Victim &victim, const spar::WordedText &text) const {
        const auto places = attacks::places_of_words(victim.encode(victim.clean()), text.size());
        const std::vector<double> all = importance(victim, text);
        std::vector<std::size_t> words;
        for (std::size_t i = 0; i < all.size(); ++i)
            if (!places[i].empty() && !stop_words.contains(text[i])) words.push_back(i);
        std::stable_sort(words.begin(), words.end(),
                         [&](std::size_t a, std::size_t b) { return all[a] > all[b]; });
        return words;
    }

    std::vector<double> importance(Victim &victim, const spar::WordedText &text) const {
        const std::size_t size = text.size();
        std::vector<double> all(size);
        if (order.is("replace")) {
            const Victim::Tokens clean = victim.encode(victim.clean());
            const std::int64_t unknown = victim.tokenizer().info().unknown;
            std::vector<Victim::Tokens> texts;
            for (std::size_t i = 0; i < size; ++i)
                texts.push_back(
                    attacks::with_unknown(clean, static_cast<std::int32_t>(i), unknown));
            const Answers answers = victim.ask(texts);
            for (std::size_t i = 0; i < answers.size(); ++i) all[i] = answers[i].score;
            return all;
        }
        // A score is 1 - p: what p loses with a word, the score gains.
        const auto add = [&](double weight, const auto &part_of) {
            std::vector<std::string> texts;
            for (std::size_t i = 0; i <= size; ++i) texts.push_back(part_of(i));
            const Answers answers = victim.ask(texts);
            for (std::size_t i = 0; i + 1 < answers.size(); ++i)
                all[i] += weight * (part_of.sign * (answers[i].score - answers[i + 1].score));
        };
        struct Head {
            const spar::WordedText &text;
            double sign = 1;  // score(before w_i) - score(up to w_i)
            std::string operator()(std::size_t i) const { return text.part(0, i); }
        };
        struct Tail {
            const spar::WordedText &text;
            double sign = -1;  // score(after w_i) - score(from w_i)
            std::string operator()(std::size_t i) const { return text.part(i, text.size()); }
        };
        if (!order.is("tail")) add(1, Head{text});
        if (!order.is("head")) add(order.is("tail") ? 1 : *tail_weight, Tail{text});
        return all;
    }
};

}  // namespace

SPAR_PLUGIN("character", "1.0.0", Character)
