// Words that an attack leaves alone: they carry the grammar of a sentence, and no synonym replaces
// them.
#pragma once

#include "word_list.hpp"

#include <spar/fields.hpp>

#include <sstream>
#include <unordered_set>

namespace attacks {

/// Articles, pronouns, auxiliaries, prepositions, conjunctions, negations.
inline constexpr const char *english_stop_words =
    "a about above after again against all also am an and any are aren't as at be because been "
    "before being below between both but by can can't cannot could couldn't did didn't do does "
    "doesn't doing don't down during each either else few for from further had hadn't has hasn't "
    "have haven't having he her here hers herself him himself his how i if in into is isn't it its "
    "itself just me mine more most must mustn't my myself needn't neither no nobody none nor not "
    "nothing of off on once only onto or other ought our ours ourselves out over own per same "
    "shall shan't she should shouldn't since so some such than that the their theirs them "
    "themselves then there these they this those though through to too toward towards under until "
    "unto up upon us very was wasn't we were weren't what when where whether which while who whom "
    "whose why will with within without won't would wouldn't yet you your yours yourself "
    "yourselves";

/// The parameters "stop_words" and "stop_word_file" of an attack, and the words that they name.
class StopWords {
  public:
    explicit StopWords(spar::Record *owner)
        : which_(owner, "stop_words",
                 "words that stay as they are; english: a short list of articles, pronouns, "
                 "auxiliaries, prepositions and the like. Punctuation always stays",
                 {"english", "none"}, {.fallback = "english"}),
          file_(owner, "stop_word_file", "more words that stay, divided by white space",
                {.optional = true}) {}

    /// Call it in configure().
    void read() {
        if (which_.is("english")) {
            std::istringstream words(english_stop_words);
            for (std::string word; words >> word;) all_.insert(word);
        }
        if (!file_.given()) return;
        for (const auto &line : word_lines(*file_, "words that an attack leaves alone"))
            for (const std::string &word : line) all_.insert(small_letters(word));
    }
    bool contains(const std::string &word) const {
        return !has_letter(word) || all_.contains(small_letters(word));
    }

  private:
    spar::Choice which_;
    spar::Path file_;
    std::unordered_set<std::string> all_;
};

}  // namespace attacks
