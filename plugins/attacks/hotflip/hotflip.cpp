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
        .summary =
            "Replaces words of a text by those words of the vocabulary for which the "
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
            throw spar::Error(SPAR_E_UNSUPPORTED, "follows the gradient, and the model gives none");
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
            const auto answers = victim.ask_gradient(
                text.tokens, loss.given() ? loss.ref() : nullptr, text.gradient);
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
                // Two words that became one, or one that became two, would shift the rest.
                if (victim.tokenizer().words(text).size() != words.size()) continue;
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
        struct Place {
            std::size_t text, word, token;
        };
        std::vector<Place> places;
        for (std::size_t t = 0; t < texts.size(); ++t) {
            const spar::WordedText &words = texts[t].words;
            const auto tokens = attacks::places_of_words(texts[t].tokens, words.size());
            for (std::size_t word = 0; word < words.size(); ++word)
                if (tokens[word].size() == 1 && !stop_words.contains(words[word]) &&
                    words[word] == clean[word])  // a word is flipped once
                    places.push_back({t, word, tokens[word][0]});
        }
        std::vector<std::vector<Flip>> of_places(places.size());
        parallel_for(std::ssize(places), [&](std::int64_t index) {
            const auto at = static_cast<std::size_t>(index);
            const Place &place = places[at];
            const Text &text = texts[place.text];
            const std::int64_t own = text.tokens[place.token].id;
            const std::span<const float> gradient =
                text.gradient[static_cast<std::int64_t>(place.token)];
            const double here = spar::dot(gradient, vocabulary.vector(own));
            for (const attacks::Vocabulary::Word &other : vocabulary.words()) {
                const double gain = spar::dot(gradient, vocabulary.vector(other.token)) - here;
                if (other.token == own || !(gain > 0)) continue;
                if (*min_cosine > -1 && vocabulary.cosine(own, other.token) < *min_cosine) continue;
                of_places[at].push_back(
                    {double{text.answer.loss} + gain, place.text, place.word, other.token});
            }
            keep_best(of_places[at]);
        });
        std::vector<Flip> flips;
        for (const std::vector<Flip> &some : of_places)
            flips.insert(flips.end(), some.begin(), some.end());
        keep_best(flips);
        return flips;
    }
    void keep_best(std::vector<Flip> &flips) const {
        const auto kept = std::min<std::ptrdiff_t>(std::ssize(flips), 16 * *beam);
        std::partial_sort(flips.begin(), flips.begin() + kept, flips.end());
        flips.resize(static_cast<std::size_t>(kept));
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
