#include "../common/stop_words.hpp"
#include "../common/vocabulary.hpp"

#include <spar/kit/victim.hpp>

#include <set>
#include <tuple>

namespace {

using spar::Victim;

class HotFlip final : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "hotflip",
        .summary = "Replaces words of a text by those words of the vocabulary for which the "
                   "gradient promises most: greedily, or by a beam search.",
        .formula =
            "loss of the text with word a at place i replaced by b ~ loss + (e_b - e_a) . grad_i, "
            "e the vectors of tokens, grad_i the gradient at place i; each step asks for the "
            "`beam` best flips of all texts in the beam",
        .reference =
            "Ebrahimi, Rao, Lowd, Dou 2018, HotFlip: white-box adversarial examples for text "
            "classification, arXiv:1712.06751 (their word-level attack)",
        .example = R"({"version":2,"name":"hotflip","seed":1,
 "data":{"tokenizer":{"type":"words"},"max_length":16,
         "train":{"type":"text","file":"train.tsv"},"test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"space":"tokens","norm":"l0","eps":2},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"hotflip"}]}})",
    };

    spar::Integer beam{this,
                       "beam",
                       "texts that each step goes on with; 1: greedy",
                       {.fallback = 1, .min = 1, .max = 1000}};
    spar::Number min_cosine{this,
                            "min_cosine",
                            "least cosine between the vectors of a word and what replaces it; "
                            "-1: any word. The paper's is 0.8, with vectors trained elsewhere",
                            {.fallback = -1, .min = -1, .max = 1}};
    attacks::StopWords stop_words{this};
    spar::Child loss{this,
                     "loss",
                     SPAR_KIND_LOSS,
                     "what grows; left out: the one that the pipeline attacks",
                     {.optional = true}};

    void configure() override { stop_words.read(); }
    spar::Fit fit() const override { return spar::Fit::texts(); }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        if (oracle.width() == 0)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "follows the gradient, and the model gives none");
        if (batch.count() == 0) return;
        const attacks::Vocabulary vocabulary(oracle, batch.tokenizer());
        attacks::for_each_example(batch, [&](std::int64_t row) {
            Victim victim(oracle, batch, row);
            search(victim, vocabulary);
        });
    }

  private:
    struct Flip {
        double estimate;  // of the loss
        std::size_t text, word;
        std::int64_t token;

        bool operator<(const Flip &other) const {
            return std::tie(other.estimate, text, word, token) <
                   std::tie(estimate, other.text, other.word, other.token);
        }
    };
    /// A text of the beam, with what was asked of it.
    struct Text {
        spar::WordedText words;
        std::vector<spar::Token> tokens;
        Victim::Answer answer;
        spar::Matrix gradient;
    };

    void search(Victim &victim, const attacks::Vocabulary &vocabulary) const {
        std::vector<Text> beam_texts;
        std::set<std::string> seen;
        const auto ask = [&](const spar::WordedText &words) {
            Text text{words, victim.encode(words.text()), {}, {}};
            const auto answers =
                victim.ask_gradient(text.tokens, loss.given() ? loss.ref() : nullptr,
                                    text.gradient);
            if (answers.empty()) return false;
            text.answer = answers[0];
            beam_texts.push_back(std::move(text));
            return true;
        };
        seen.insert(victim.clean());
        if (victim.limit() < 1 || !ask(victim.words())) return;
        double best = beam_texts[0].answer.loss;
        std::int64_t flips = 0;
        bool reached = beam_texts[0].answer.reached;
        while (!reached && flips < victim.limit()) {
            const std::vector<Text> from = std::move(beam_texts);
            beam_texts.clear();
            for (const Flip &flip : ranked(victim, vocabulary, from)) {
                if (std::ssize(beam_texts) == *beam || reached) break;
                spar::WordedText words = from[flip.text].words;
                words.set(flip.word, word_of(vocabulary, flip.token));
                const std::string text = words.text();
                if (!seen.insert(text).second || !victim.allowed(text)) continue;
                if (!ask(words)) return;  // out of queries
                const Victim::Answer &answer = beam_texts.back().answer;
                reached = answer.reached;
                if (!reached && !(answer.loss > best)) continue;
                best = answer.loss;
                victim.propose(text);
            }
            if (beam_texts.empty()) return;
            ++flips;
        }
        victim.note("flips", static_cast<double>(flips));
    }

    /// The flips of all texts by what the gradient promises; enough of them for a beam of texts
    /// that differ.
    std::vector<Flip> ranked(const Victim &victim, const attacks::Vocabulary &vocabulary,
                             const std::vector<Text> &texts) const {
        const spar::WordedText clean = victim.words();
        std::vector<Flip> flips;
        for (std::size_t t = 0; t < texts.size(); ++t) {
            const Text &text = texts[t];
            const auto places = attacks::places_of_words(text.tokens, text.words.size());
            for (std::size_t word = 0; word < text.words.size(); ++word) {
                if (places[word].size() != 1 || stop_words.contains(text.words[word])) continue;
                // A word is flipped once.
                if (word < clean.size() && text.words[word] != clean[word]) continue;
                const std::size_t place = places[word][0];
                const std::int64_t own = text.tokens[place].id;
                const std::span<const float> gradient =
                    text.gradient[static_cast<std::int64_t>(place)];
                const double here = spar::dot(gradient, vocabulary.vector(own));
                for (const attacks::Vocabulary::Word &other : vocabulary.words()) {
                    if (other.token == own) continue;
                    if (*min_cosine > -1 && vocabulary.cosine(own, other.token) < *min_cosine)
                        continue;
                    const double gain =
                        spar::dot(gradient, vocabulary.vector(other.token)) - here;
                    if (!(gain > 0)) continue;
                    flips.push_back({double{text.answer.loss} + gain, t, word, other.token});
                }
            }
        }
        const auto kept = std::min<std::ptrdiff_t>(std::ssize(flips), 16 * *beam);
        std::partial_sort(flips.begin(), flips.begin() + kept, flips.end());
        flips.resize(static_cast<std::size_t>(kept));
        return flips;
    }

    static const std::string &word_of(const attacks::Vocabulary &vocabulary, std::int64_t token) {
        const auto &words = vocabulary.words();
        return std::lower_bound(words.begin(), words.end(), token,
                                [](const auto &word, std::int64_t t) { return word.token < t; })
            ->text;
    }
};

}  // namespace

SPAR_PLUGIN("hotflip", "1.0.0", HotFlip)
