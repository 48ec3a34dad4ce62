// Attacks on texts against a model that adds up its words, where the best edits are known.
#include "word_oracle.hpp"

#include <map>
#include <set>

using namespace spar;
using namespace spar::test;

namespace {

const std::map<std::string, double> values{{"superb", 1.5}, {"good", 0.9},  {"fine", 0.6},
                                           {"film", 0.1},   {"the", 0.05},  {"story", -0.1},
                                           {"weak", -0.6},  {"dull", -0.8}, {"bad", -1.1}};

Strings vocabulary() {
    Strings all;
    for (const auto &entry : values) all.push_back(entry.first);
    return all;
}

WordOracle oracle_with(double bias, double unknown = 0) {
    WordOracle oracle(R"({"type":"words"})", vocabulary(), [unknown](const std::string &word) {
        const auto found = values.find(word);
        return found != values.end() ? found->second : unknown;
    });
    oracle.bias = bias;
    return oracle;
}

WordProblem one(const std::string &text, double eps) {
    return {.texts = {text}, .labels = {1}, .ids = {0}, .targets = {}, .eps = eps};
}

/// The least sum within `left` substitutions from word `from` on.
double least(const std::vector<std::string> &words, std::size_t from, std::int64_t left) {
    if (from == words.size()) return 0;
    double best = values.at(words[from]) + least(words, from + 1, left);
    if (left > 0)
        for (const auto &entry : values)
            best = std::min(best, entry.second + least(words, from + 1, left - 1));
    return best;
}

std::string attacked(WordOracle &oracle, const std::string &node, const WordProblem &p) {
    const Made made(SPAR_KIND_ATTACK, node);
    const AttackedWords result = oracle.attack(made.instance(), p);
    INFO(result.message);
    REQUIRE(result.status == SPAR_OK);
    return result.texts[0];
}

std::string with_file(const std::string &node, const Folder &folder, const std::string &content) {
    auto json = host::Json::parse(node);
    json["synonyms"] = folder.write("synonyms.txt", content);
    return json.dump();
}

}  // namespace

TEST_CASE("hotflip finds the best flips of a linear model, which are known by trying all") {
    const std::vector<std::string> words{"the", "superb", "film", "good", "story"};
    const std::string text = "the superb film good story";
    for (const std::int64_t limit : {1, 2, 3})
        for (const std::string beam : {"1", "4"}) {
            CAPTURE(limit);
            CAPTURE(beam);
            WordOracle oracle = oracle_with(6);  // never wrong, so that it goes on to the limit
            const std::string found =
                attacked(oracle, R"({"type":"hotflip","stop_words":"none","beam":)" + beam + "}",
                         one(text, static_cast<double>(limit)));
            CHECK(oracle.sum(found) == doctest::Approx(6 + least(words, 0, limit)));
        }
}

TEST_CASE("hotflip stops at the first error, with as few flips as it takes") {
    WordOracle oracle = oracle_with(-1);  // two flips are needed, by trying all
    const std::vector<std::string> words{"the", "superb", "film", "good", "story"};
    REQUIRE(-1 + least(words, 0, 0) > 0);
    const Made made(SPAR_KIND_ATTACK, R"({"type":"hotflip"})");
    std::int64_t needed = 0;
    while (-1 + least(words, 0, needed) > 0) ++needed;
    const AttackedWords result =
        oracle.attack(made.instance(), one("the superb film good story", 5));
    CHECK(oracle.sum(result.texts[0]) < 0);
    CHECK(result.edited[0] == needed);
    CHECK(result.queries[0] == 1 + needed);  // one a step
}

TEST_CASE("hotflip flips no stop word, and no word into one that is less alike than demanded") {
    WordOracle oracle = oracle_with(6);
    CHECK(attacked(oracle, R"({"type":"hotflip"})", one("the the", 2)) == "the the");
    CHECK(attacked(oracle, R"({"type":"hotflip","stop_words":"none"})", one("the the", 2)) ==
          "bad bad");
    CHECK(attacked(oracle, R"({"type":"hotflip","min_cosine":1})", one("good film", 2)) ==
          "good film");
}

TEST_CASE("textfooler replaces the word that matters most, by deletion or by an unknown word") {
    const Folder folder;
    const std::string lists = "# a comment\nsuperb fine weak\ngood fine\tbad\n\nfilm story\n";
    WordOracle oracle = oracle_with(3);
    const std::string node = with_file(R"({"type":"word_substitution"})", folder, lists);
    CHECK(attacked(oracle, node, one("the superb film good story", 1)) ==
          "the weak film good story");
    CHECK(attacked(oracle, node, one("the superb film good story", 2)) ==
          "the weak film bad story");
    // Of the third word only what lies between it and the others stays, and capitals return.
    CHECK(attacked(oracle, node, one("The  Superb film,GOOD", 1)) == "The  Weak film,GOOD");
}

TEST_CASE("textfooler takes the nearest candidate with which the model errs, not the strongest") {
    const Folder folder;
    WordOracle oracle = oracle_with(0);
    const std::string node =
        with_file(R"({"type":"word_substitution"})", folder, "superb fine weak dull bad\n");
    CHECK(attacked(oracle, node, one("superb film", 1)) == "weak film");
    // Without an error it takes the strongest.
    WordOracle sure = oracle_with(3);
    CHECK(attacked(sure, node, one("superb film", 1)) == "bad film");
}

TEST_CASE("textfooler asks for deletions, or for unknown words that count for something") {
    const Folder folder;
    const std::string lists = "good bad\nsuperb fine\n";
    WordOracle oracle = oracle_with(2, 1.4);  // an unknown word is nearly as superb
    const auto node = [&](const char *importance) {
        return with_file(
            std::string(R"({"type":"word_substitution","importance":")") + importance + R"("})",
            folder, lists);
    };
    // Deleting "superb" costs most; making it unknown costs less than nothing of "good" would.
    CHECK(attacked(oracle, node("deletion"), one("superb good", 1)) == "fine good");
    // Both lose or gain: superb 1.5 -> 1.4 loses, good 0.9 -> 1.4 gains, so superb is first still.
    CHECK(attacked(oracle, node("unknown"), one("superb good", 1)) == "fine good");
    WordOracle other = oracle_with(2, 3);
    const std::string weighs = attacked(other, node("unknown"), one("superb good", 1));
    CHECK(weighs == "fine good");
}

TEST_CASE("pwws orders words by softmax(saliency) times the probability that a word can take") {
    const Folder folder;
    // superb is the most salient, but its only synonym changes little; good's changes much.
    const std::string node = with_file(R"({"type":"word_substitution","recipe":"pwws"})", folder,
                                       "superb good\ngood weak\n");
    WordOracle oracle = oracle_with(-1);
    const auto p = [](double s) { return 1 / (1 + std::exp(-2 * s)); };
    const double s = -1 + 1.5 + 0.9;  // the text's sum
    const double saliency[] = {p(s) - p(s - 1.5), p(s) - p(s - 0.9)};
    const double drop[] = {p(s) - p(s - 1.5 + 0.9), p(s) - p(s - 0.9 - 0.6)};
    const double superb = std::exp(saliency[0]) * drop[0], good = std::exp(saliency[1]) * drop[1];
    REQUIRE(saliency[0] > saliency[1]);
    REQUIRE(good > superb);
    CHECK(attacked(oracle, node, one("superb good", 1)) == "superb weak");
    // TextFooler begins with the other one.
    const std::string fooler =
        with_file(R"({"type":"word_substitution"})", folder, "superb good\ngood weak\n");
    CHECK(attacked(oracle, fooler, one("superb good", 1)) == "good good");
}

TEST_CASE("candidates are the words with the nearest vectors") {
    WordOracle oracle = oracle_with(6);
    std::map<std::string, std::int64_t> ids;
    for (std::int64_t t = 0; t < oracle.tokenizer().info().vocabulary; ++t)
        ids[oracle.tokenizer().token(t)] = t;
    const auto cosine = [&](std::int64_t a, std::int64_t b) {
        const auto x = oracle.vector(a), y = oracle.vector(b);
        double xy = 0, xx = 0, yy = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
            xy += x[i] * y[i], xx += x[i] * x[i], yy += y[i] * y[i];
        return xy / std::sqrt(xx * yy);
    };
    std::string nearest;
    double best = -2;
    for (const auto &entry : values)
        if (entry.first != "superb" && cosine(ids["superb"], ids[entry.first]) > best)
            best = cosine(ids["superb"], ids[nearest = entry.first]);
    REQUIRE(values.at(nearest) < values.at("superb"));
    const std::string found = attacked(
        oracle, R"({"type":"word_substitution","neighbours":1,"min_cosine":-1})", one("superb", 1));
    CHECK(found == nearest);
    CHECK(attacked(oracle, R"({"type":"word_substitution","min_cosine":1})", one("superb", 1)) ==
          "superb");
    CHECK(attacked(oracle, R"({"type":"word_substitution","min_cosine":-1})", one("superb9", 1)) ==
          "superb9");  // the vocabulary lacks it
}

TEST_CASE("character misspells the words that count most, by one letter each") {
    const std::vector<std::string> words{"film", "superb", "story", "good", "weak"};
    const std::string text = "film superb story good weak";
    const auto part = [&](std::size_t first, std::size_t last) {
        std::string some;
        for (std::size_t i = first; i < last; ++i) some += words[i] + " ";
        return some;
    };
    for (const double bias : {0.5, 3.0}) {
        WordOracle oracle = oracle_with(bias);
        const auto p = [&](const std::string &of) {
            return 1 / (1 + std::exp(-2 * oracle.sum(of)));
        };
        for (const std::string order : {"combined", "head", "tail", "replace"}) {
            // The words by the definition of their scores.
            std::vector<std::pair<double, std::size_t>> scores;
            for (std::size_t i = 0; i < words.size(); ++i) {
                const double head = p(part(0, i + 1)) - p(part(0, i));
                const double tail = p(part(i, 5)) - p(part(i + 1, 5));
                const double replace = p(text) - p(part(0, i) + "unheard " + part(i + 1, 5));
                scores.emplace_back(order == "head"       ? head
                                    : order == "tail"     ? tail
                                    : order == "combined" ? head + tail
                                                          : replace,
                                    i);
            }
            std::sort(scores.rbegin(), scores.rend());
            for (const std::string edit : {"all", "swap", "substitute", "delete", "insert"}) {
                CAPTURE(bias);
                CAPTURE(order);
                CAPTURE(edit);
                const std::string found = attacked(
                    oracle,
                    R"({"type":"character","order":")" + order + R"(","edit":")" + edit + R"("})",
                    one(text, 1));
                const auto after = oracle.ref().word_list(found);
                REQUIRE(after.size() == 5);
                // The first word of the order that the model misses: p falls without it.
                std::size_t at = 0;
                while (values.at(words[scores[at].second]) < 0) ++at;
                const std::size_t chosen = scores[at].second;
                for (std::size_t i = 0; i < words.size(); ++i)
                    CHECK((after[i] != words[i]) == (i == chosen));
                const auto longer = std::ssize(after[chosen]) - std::ssize(words[chosen]);
                if (edit == "insert") CHECK(longer == 1);
                if (edit == "delete") CHECK(longer == -1);
                if (edit == "swap" || edit == "substitute") CHECK(longer == 0);
                const auto letters = [](std::string_view word) {
                    return std::multiset<char>(word.begin(), word.end());
                };
                if (edit == "swap") CHECK((letters(after[chosen]) == letters(words[chosen])));
            }
        }
    }
}

TEST_CASE("character keeps letters of several bytes whole") {
    WordOracle oracle(R"({"type":"words"})", {"äöüé"}, [](const std::string &) { return 1.0; });
    oracle.bias = 3;
    for (std::uint64_t key = 0; key < 50; ++key) {
        WordProblem p = one("äöüé", 1);
        p.key = key;
        const Made made(SPAR_KIND_ATTACK, R"({"type":"character"})");
        CHECK(oracle.attack(made.instance(), p).refused == 0);  // invalid UTF-8 would be
    }
}

TEST_CASE("a misspelling depends on the key and the example, not on its place") {
    WordOracle oracle = oracle_with(3);
    const Made made(SPAR_KIND_ATTACK, R"({"type":"character"})");
    std::set<std::string> found;
    for (std::uint64_t key = 0; key < 5; ++key)
        for (const std::int64_t id : {0, 7}) {
            WordProblem p = one("superb film", 1);
            p.key = key;
            p.ids = {id};
            found.insert(oracle.attack(made.instance(), p).texts[0]);
        }
    CHECK(found.size() > 4);
}

TEST_CASE("broken lists of words are refused with what was expected") {
    const Folder folder;
    const auto refusal = [&](const std::string &content) {
        const std::string node = with_file(R"({"type":"word_substitution"})", folder, content);
        return std::string(failure_of([&] { const Made made(SPAR_KIND_ATTACK, node); }).what());
    };
    CHECK(refusal("").find("is empty, expected lines of a word and") != std::string::npos);
    CHECK(refusal("good\n").find("\"good\" stands alone on its line") != std::string::npos);
}
