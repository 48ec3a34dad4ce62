// Every attack in the space of tokens: refused, or inside the threat model whatever it meets, the
// same for an example whatever else is in the batch, and within its budget.
#include "components.hpp"
#include "word_oracle.hpp"

#include "engine/fit.hpp"

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::int64_t count = 9;

double value_of(const std::string &word) {
    Random random(3, static_cast<std::int64_t>(std::hash<std::string>()(word) % 1000));
    return random.uniform(0, -1, 1);
}

WordOracle &oracle() {
    static WordOracle one(
        R"({"type":"words","punctuation":"apart"})",
        {"a tale of two cities , told again", "no great story but a warm film", "so dull"},
        value_of);
    return one;
}

WordProblem problem() {
    const std::string words[] = {"a",     "tale", "two",  "cities", ",",   "told", "story",
                                 "again", "warm", "film", "dull",   "new", "é",    "xyz"};
    WordProblem p;
    for (std::int64_t i = 0; i < count; ++i) {
        Random random(21, i);
        std::string text;
        const std::int64_t length = random.below(0, 8) + (i == 4 ? 0 : 1);
        for (std::int64_t k = 0; k < length; ++k)
            text += (k > 0 ? " " : "") + words[random.below(k + 1, 14)];
        if (i == 4) text = "";
        if (i == 5) text = "a warm tale" SPAR_TEXT_SEPARATOR "dull film";
        p.texts.push_back(text);
        p.labels.push_back(oracle().sum(text) > 0 ? 1 : 0);
        p.ids.push_back(10 + 3 * i);
    }
    p.labels[2] = 1 - p.labels[2];  // one that is misclassified already
    return p;
}

bool fits(const host::Instance &attack, const spar_threat &threat) {
    try {
        host::require_fit(attack, threat);
        return true;
    } catch (const host::Failure &failure) {
        CHECK(failure.exit() == host::Exit::pipeline);
        CHECK(std::string(failure.what()).size() > 10);
        return false;
    }
}

template <class Visit>
void for_each_attack(Visit &&visit) {
    int some = 0;
    for (const Sample &sample : samples(SPAR_KIND_ATTACK)) {
        INFO(sample.name());
        const Made made = sample.make();
        if (!fits(made.instance(), problem().threat())) {
            CHECK(oracle().attack(made.instance(), problem()).status == SPAR_E_UNSUPPORTED);
            continue;
        }
        ++some;
        visit(made.instance());
    }
    CHECK(some >= 3);
}

void check_inside(const WordProblem &p, const AttackedWords &result) {
    for (std::int64_t row = 0; row < p.count(); ++row) {
        const auto at = static_cast<std::size_t>(row);
        const std::string &clean = p.texts[at], &text = result.texts[at];
        const auto a = oracle().ref().word_list(clean), b = oracle().ref().word_list(text);
        const auto limit = host::word_limit(p.eps, std::ssize(a));
        CHECK(edited_words(a, b, limit) <= limit);
        CHECK(std::ranges::count(text, '\x1f') == std::ranges::count(clean, '\x1f'));
    }
    CHECK(result.refused == 0);  // attacks know the limits
}

}  // namespace

TEST_CASE("stays inside the limit, and gives the same result each time") {
    for_each_attack([](const host::Instance &attack) {
        for (const double eps : {1.0, 2.0, 0.34, 100.0}) {
            CAPTURE(eps);
            WordProblem p = problem();
            p.eps = eps;
            const AttackedWords first = oracle().attack(attack, p);
            INFO(first.message);
            CHECK(first.status == SPAR_OK);
            check_inside(p, first);
            CHECK((oracle().attack(attack, p) == first));
            p.purpose = SPAR_PURPOSE_TRAIN;
            check_inside(p, oracle().attack(attack, p));
        }
    });
}

TEST_CASE("changes some texts, and none where nothing may change") {
    for_each_attack([](const host::Instance &attack) {
        WordProblem p = problem();
        const AttackedWords some = oracle().attack(attack, p);
        CHECK(std::ranges::count_if(some.edited, [](auto n) { return n > 0; }) > 1);
        CHECK(some.edited[2] == 0);  // wrong already
        p.eps = 0;
        CHECK((oracle().attack(attack, p).texts == p.texts));
    });
}

TEST_CASE("a text's result does not depend on the rest of the batch") {
    for_each_attack([](const host::Instance &attack) {
        const WordProblem p = problem();
        const AttackedWords whole = oracle().attack(attack, p);
        for (const std::int64_t split : {1, 4}) {
            Strings parts;
            for (std::int64_t begin = 0; begin < count; begin += split)
                for (const std::string &text :
                     oracle().attack(attack, p.part(begin, std::min(count, begin + split))).texts)
                    parts.push_back(text);
            CHECK((parts == whole.texts));
        }
        WordProblem reversed = p;
        std::ranges::reverse(reversed.texts);
        std::ranges::reverse(reversed.labels);
        std::ranges::reverse(reversed.ids);
        Strings back = oracle().attack(attack, reversed).texts;
        std::ranges::reverse(back);
        CHECK((back == whole.texts));
    });
}

TEST_CASE("a budget of queries is kept, and goes to each example alone") {
    for_each_attack([](const host::Instance &attack) {
        for (const std::int64_t budget : {1, 2, 5, 13}) {
            CAPTURE(budget);
            WordProblem p = problem();
            p.budget = budget;
            const AttackedWords result = oracle().attack(attack, p);
            CHECK(result.status == SPAR_OK);
            check_inside(p, result);
            for (const std::int64_t queries : result.queries) CHECK(queries <= budget);
            CHECK(std::ranges::count_if(result.queries, [](auto n) { return n > 0; }) >= count - 1);
        }
    });
}

TEST_CASE("a targeted goal keeps inside as well") {
    for_each_attack([](const host::Instance &attack) {
        WordProblem p = problem();
        for (const std::int64_t label : p.labels) p.targets.push_back(1 - label);
        const AttackedWords result = oracle().attack(attack, p);
        CHECK(result.status == SPAR_OK);
        check_inside(p, result);
        CHECK(std::ranges::count_if(result.edited, [](auto n) { return n > 0; }) > 1);
    });
}

TEST_CASE("outputs that are NaN do no harm") {
    for_each_attack([](const host::Instance &attack) {
        oracle().fault = std::numeric_limits<double>::quiet_NaN();
        const AttackedWords result = oracle().attack(attack, problem());
        oracle().fault = 0;
        check_inside(problem(), result);
    });
}

TEST_CASE("a failure of the oracle at any call is passed on, and the texts are still inside") {
    for_each_attack([](const host::Instance &attack) {
        for (const spar_status status : {SPAR_E_INTERNAL, SPAR_E_CANCELLED, SPAR_E_BUDGET})
            for (const std::int64_t at : {0, 1, 2, 5}) {
                oracle().watch = [&](std::int64_t calls) {
                    if (calls >= at) throw Error(status, "planted by the test");
                };
                const AttackedWords result = oracle().attack(attack, problem());
                oracle().watch = [](std::int64_t) {};
                CHECK(
                    (status == SPAR_E_BUDGET ? result.status == SPAR_OK : result.status == status));
                check_inside(problem(), result);
            }
    });
}

TEST_CASE("without examples there is nothing to do") {
    for_each_attack([](const host::Instance &attack) {
        const AttackedWords result = oracle().attack(attack, problem().part(0, 0));
        CHECK(result.status == SPAR_OK);
        CHECK(result.calls == 0);
    });
}
